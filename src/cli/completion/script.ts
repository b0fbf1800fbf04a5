/** Owns the choice of the completion script by shell. */
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { type CommandRow, type Completion, completionOf } from './model.ts';
import { zshCompletion } from './zsh.ts';

const writers: Readonly<Record<string, (completion: Completion) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Empty for a shell that is none of bash, zsh and fish. */
export function completionScript(shell: string, rows: readonly CommandRow[]): string {
  return writers[shell]?.(completionOf(rows)) ?? '';
}
