/** Owns the asking for a password: without echo on a terminal; from a pipe it is the next line. */
import { TribError } from '../core/errors.ts';
import { nextInputLine } from './input-lines.ts';

/** `flag` is what asked for it: --askpass. Throws a TribError ("usage") when there is none. */
export async function askPassword(question: string, flag: string): Promise<string> {
  const password = process.stdin.isTTY === true ? await askOnTerminal(question) : await nextInputLine();
  if (password !== undefined && password !== '') return password.replace(/\r$/, '');
  throw new TribError('usage', `${flag} takes a password from the terminal or a pipe, and there is none.`);
}

/** On standard error: what is printed may go elsewhere. */
async function askOnTerminal(question: string): Promise<string> {
  const { default: inquirer } = await import('inquirer');
  const prompt = inquirer.createPromptModule({ output: process.stderr });
  const { password } = await prompt([{ type: 'password', name: 'password', message: question, mask: '*' }]);
  return String(password);
}
