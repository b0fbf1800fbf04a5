/**
 * Owns the list of a database's keys that have a time to live, in no order: each entry knows its place, so that one is
 * added and removed in constant time and the active expiry can walk through them. Never decides whether one is expired.
 */
import type { Random } from '../../core/random.ts';
import type { MemoryAccount } from '../types/memory.ts';
import type { KeyEntry, TimeToLive } from './entry.ts';
import { TIME_TO_LIVE_BYTES } from './memory.ts';

export class ExpiringKeys {
  readonly #memory: MemoryAccount;
  readonly #list: TimeToLive[] = [];
  /** Those that clients of a writable replica gave: no master will end them. */
  readonly #own = new Set<TimeToLive>();

  constructor(memory: MemoryAccount) {
    this.#memory = memory;
  }

  get size(): number {
    return this.#list.length;
  }

  /** Undefined past the end. A removal puts the last one in the place that is free. */
  at(place: number): TimeToLive | undefined {
    return this.#list[place];
  }

  get ownSize(): number {
    return this.#own.size;
  }

  /** The ones that this node has to end although it is a replica. */
  own(): Iterable<TimeToLive> {
    return this.#own;
  }

  /** Gives the entry this time to live, in Unix ms, in place of any other. `own` as said of `own()`. */
  set(entry: KeyEntry, atMs: number, own: boolean): void {
    let timeToLive = entry.timeToLive;
    if (timeToLive === undefined) {
      timeToLive = { entry, atMs, place: this.#list.length };
      entry.timeToLive = timeToLive;
      this.#list.push(timeToLive);
      this.#memory.count(TIME_TO_LIVE_BYTES);
    } else {
      timeToLive.atMs = atMs;
    }
    if (own) this.#own.add(timeToLive);
    else if (this.#own.size > 0) this.#own.delete(timeToLive);
  }

  /** Takes its time to live from the entry. */
  remove(entry: KeyEntry): void {
    const gone = entry.timeToLive;
    if (gone === undefined) return;
    entry.timeToLive = undefined;
    this.#memory.count(-TIME_TO_LIVE_BYTES);
    if (this.#own.size > 0) this.#own.delete(gone);
    const last = this.#list.pop();
    if (last === undefined || last === gone) return;
    this.#list[gone.place] = last;
    last.place = gone.place;
  }

  /** Keys at random, up to `count`, each with the same chance; one may come twice. */
  sample(count: number, random: Random): KeyEntry[] {
    const found: KeyEntry[] = [];
    for (let left = Math.min(count, this.#list.length); left > 0; left--)
      found.push((this.#list[random.below(this.#list.length)] as TimeToLive).entry);
    return found;
  }
}
