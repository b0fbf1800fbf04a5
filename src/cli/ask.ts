/**
 * Owns questions to the operator: asked with inquirer on a terminal; elsewhere answered by the lines of a pipe, as
 * scripts for redis-trib and redis-cli do; and a usage error where neither is there.
 */
import { TribError } from '../core/errors.ts';
import { nextInputLine } from './input-lines.ts';
import type { Session } from './session.ts';

export interface Choice {
  readonly name: string;
  readonly value: string;
}

export class Asker {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get onTerminal(): boolean {
    return this.#session.canAsk;
  }

  /** True for "yes" only. `question` stands as it is; `flag` is what spares it. */
  async confirm(question: string, flag: string): Promise<boolean> {
    if (!this.onTerminal) return (await this.line(question, flag)) === 'yes';
    const { default: inquirer } = await import('inquirer');
    const { answer } = await inquirer.prompt([
      { type: 'confirm', name: 'answer', message: question, default: false },
    ]);
    return answer === true;
  }

  /** A text for which `problemWith` has nothing to say; asked again on a terminal until it is so. */
  async text(question: string, problemWith: (text: string) => string | undefined): Promise<string> {
    const { default: inquirer } = await import('inquirer');
    const validate = (text: string): string | true => problemWith(text.trim()) ?? true;
    const { answer } = await inquirer.prompt([
      { type: 'input', name: 'answer', message: question, validate },
    ]);
    return String(answer).trim();
  }

  async one(question: string, choices: readonly Choice[]): Promise<string> {
    const { default: inquirer } = await import('inquirer');
    const { answer } = await inquirer.prompt([
      { type: 'select', name: 'answer', message: question, choices: [...choices] },
    ]);
    return String(answer);
  }

  async some(question: string, choices: readonly Choice[]): Promise<string[]> {
    const { default: inquirer } = await import('inquirer');
    const { answer } = await inquirer.prompt([
      { type: 'checkbox', name: 'answer', message: question, choices: [...choices], required: true },
    ]);
    return Array.isArray(answer) ? answer.map(String) : [];
  }

  /** The next line of the pipe. Throws a TribError ("usage") that names the flag when there is none. */
  async line(question: string, flag: string): Promise<string> {
    if (this.#session.mode === 'human') this.#session.write(question);
    const line = await nextInputLine();
    if (this.#session.mode === 'human') this.#session.write('\n');
    if (line === undefined) {
      throw new TribError('usage', `${flag} is missing, and there is nobody to ask.`, {
        hint: 'Give the flag, answer on a terminal, or pipe the answer in.',
      });
    }
    return line.trim();
  }
}
