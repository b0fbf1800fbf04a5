/**
 * Owns SIGINT and SIGTERM while an operation runs: before anything is changed they end the program at once; after
 * that the first one lets the operation finish what is in hand, and the second ends it where it stands.
 */
import { exitCodes } from '../core/errors.ts';
import type { TribEvent } from '../execute/events.ts';

const codes = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const;

export class Interrupts {
  readonly #controller = new AbortController();
  readonly #tell: (text: string) => void;
  readonly #onSignal = (name: NodeJS.Signals): void => this.#signalled(name as keyof typeof codes);
  #changing = false;
  #savesFiles = false;
  #exitCode: number | undefined;

  /** `tell` writes a line to the operator. */
  constructor(tell: (text: string) => void) {
    this.#tell = tell;
    for (const name of Object.keys(codes)) process.on(name, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code of the signal that came; undefined when none did. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  saw({ type }: TribEvent): void {
    if (type === 'step-started') this.#changing = true;
    // A backup has nothing in hand that would be worth finishing: it is taken away again.
    if (type === 'file-started') this.#savesFiles = true;
  }

  close(): void {
    for (const name of Object.keys(codes)) process.off(name, this.#onSignal);
  }

  #signalled(name: keyof typeof codes): void {
    if (!(this.#changing || this.#savesFiles) || this.#exitCode !== undefined) process.exit(codes[name]);
    this.#exitCode = codes[name];
    this.#tell(
      this.#savesFiles
        ? 'Ending: nothing of the backup is kept. Once more ends at once, and leaves parts of files.'
        : 'Finishing what is in hand. Once more ends at once, and may leave slots open.',
    );
    this.#controller.abort();
  }
}
