/**
 * Owns the list of a database's keys that have a time to live, in no order: each entry knows its place, so that one is
 * added and removed in constant time and the active expiry can walk through them. Never decides whether one is expired.
 */
import type { KeyEntry, TimeToLive } from './entry.ts';

export class ExpiringKeys {
  readonly #list: TimeToLive[] = [];
  /** Those that clients of a writable replica gave: no master will end them. */
  readonly #own = new Set<TimeToLive>();

  get size(): number {
    return this.#list.length;
  }

  /** Undefined past the end. A removal puts the last one in the place that is free. */
  at(place: number): TimeToLive | undefined {
    return this.#list[place];
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
    if (this.#own.size > 0) this.#own.delete(gone);
    const last = this.#list.pop();
    if (last === undefined || last === gone) return;
    this.#list[gone.place] = last;
    last.place = gone.place;
  }

  clear(): void {
    this.#list.length = 0;
    this.#own.clear();
  }
}
