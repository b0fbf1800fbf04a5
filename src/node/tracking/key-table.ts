/**
 * Owns which clients have read which keys. Clients that are gone stay in it until the key goes: taking them out would cost a walk
 * through everything. Source: Redis tracking.c, TrackingTable.
 */
import type { Random } from '../../core/random.ts';

interface TrackedKey {
  readonly key: string;
  readonly clientIds: Set<number>;
  /** Index in the list of all, so that one may be drawn. */
  place: number;
}

export class KeyTable {
  readonly #byKey = new Map<string, TrackedKey>();
  readonly #list: TrackedKey[] = [];
  /** Clients of all keys together. */
  itemCount = 0;

  get size(): number {
    return this.#list.length;
  }

  add(key: string, clientId: number): void {
    let tracked = this.#byKey.get(key);
    if (tracked === undefined) {
      tracked = { key, clientIds: new Set(), place: this.#list.length };
      this.#byKey.set(key, tracked);
      this.#list.push(tracked);
    }
    if (tracked.clientIds.has(clientId)) return;
    tracked.clientIds.add(clientId);
    this.itemCount++;
  }

  /** The ids of those who have read the key, which leaves the table. */
  take(key: string): ReadonlySet<number> | undefined {
    const gone = this.#byKey.get(key);
    if (gone === undefined) return undefined;
    this.#byKey.delete(key);
    this.itemCount -= gone.clientIds.size;
    const last = this.#list.pop();
    if (last !== undefined && last !== gone) {
      this.#list[gone.place] = last;
      last.place = gone.place;
    }
    return gone.clientIds;
  }

  /** Any of the keys; undefined where there is none. */
  draw(random: Random): string | undefined {
    return this.#list[random.below(this.#list.length)]?.key;
  }

  clear(): void {
    this.#byKey.clear();
    this.#list.length = 0;
    this.itemCount = 0;
  }
}
