/** Owns the log of slow commands. Source: Redis slowlog.c. */
import type { Config } from '../parts/basics.ts';

const maxArguments = 32;
const maxArgumentChars = 128;

export interface SlowEntry {
  readonly id: number;
  /** Unix seconds. */
  readonly timeSeconds: number;
  readonly microseconds: number;
  readonly argv: readonly string[];
  readonly address: string;
  readonly name: string;
}

/** Long lists and long arguments are cut, with a note of what is missing. */
function shorten(argv: readonly string[]): string[] {
  const kept = argv.length > maxArguments ? argv.slice(0, maxArguments - 1) : argv;
  const shown = kept.map((arg) =>
    arg.length > maxArgumentChars
      ? `${arg.slice(0, maxArgumentChars)}... (${arg.length - maxArgumentChars} more bytes)`
      : arg,
  );
  if (kept.length < argv.length) shown.push(`... (${argv.length - kept.length} more arguments)`);
  return shown;
}

export class SlowLog {
  /** Microseconds from which on a command is slow; Infinity for never. */
  fromMicroseconds = Number.POSITIVE_INFINITY;
  readonly #config: Config;
  /** The newest first. */
  #entries: SlowEntry[] = [];
  #nextId = 0;

  constructor(config: Config) {
    this.#config = config;
    const read = (): void => {
      const wanted = config.number('slowlog-log-slower-than');
      this.fromMicroseconds = wanted < 0 ? Number.POSITIVE_INFINITY : wanted;
    };
    read();
    config.onChange('slowlog-log-slower-than', read);
  }

  add(entry: Omit<SlowEntry, 'id'>): void {
    this.#entries.unshift({ ...entry, argv: shorten(entry.argv), id: this.#nextId++ });
    const limit = this.#config.number('slowlog-max-len');
    if (this.#entries.length > limit) this.#entries.length = limit;
  }

  get entries(): readonly SlowEntry[] {
    return this.#entries;
  }

  reset(): void {
    this.#entries = [];
  }
}
