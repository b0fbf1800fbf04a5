/** Owns the words of commands as tests write them: a list, or one text whose words blanks divide. */
import type { Command } from './compat.ts';

export function wordsOf(command: Command): string[] {
  return typeof command === 'string' ? command.split(' ') : command.map(String);
}
