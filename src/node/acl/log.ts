/** Owns the log of what users were refused; the same again within a minute counts as one entry. Source: Redis acl.c addACLLogEntry. */
import type { Denial } from './selector.ts';

export interface Refused {
  readonly reason: Denial['reason'] | 'auth';
  readonly context: 'toplevel' | 'multi' | 'lua';
  /** The command, key or channel; for "auth" the command that brought the password. */
  readonly object: string;
  readonly username: string;
  /** The line of CLIENT LIST. */
  readonly clientInfo: string;
}

export interface RefusedEntry extends Refused {
  readonly count: number;
  /** Unix ms of the last time. */
  readonly timeMs: number;
}

const GROUPED_WITHIN_MS = 60_000;
/** So many of the latest entries are looked at for the same. */
const COMPARED = 10;

export class AclLog {
  readonly #maxLength: () => number;
  /** The latest one first. */
  #entries: RefusedEntry[] = [];

  constructor(maxLength: () => number) {
    this.#maxLength = maxLength;
  }

  add(refused: Refused, timeMs: number): void {
    const place = this.#entries.findIndex((entry, i) => i < COMPARED && isSame(entry, refused, timeMs));
    const [known] = place < 0 ? [] : this.#entries.splice(place, 1);
    this.#entries.unshift({ ...refused, count: (known?.count ?? 0) + 1, timeMs });
    // One that counts on is no new one.
    if (known === undefined) this.#entries.splice(this.#maxLength());
  }

  latest(count: number): readonly RefusedEntry[] {
    return this.#entries.slice(0, count);
  }

  clear(): void {
    this.#entries = [];
  }
}

function isSame(entry: RefusedEntry, refused: Refused, timeMs: number): boolean {
  return (
    entry.reason === refused.reason &&
    entry.context === refused.context &&
    Math.abs(timeMs - entry.timeMs) <= GROUPED_WITHIN_MS &&
    entry.object === refused.object &&
    entry.username === refused.username
  );
}
