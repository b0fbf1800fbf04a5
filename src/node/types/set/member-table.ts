/**
 * Owns the members of a set that is no intset: a hash table, which finds and scans them, and a row of all of them, which makes the
 * choice at random and the way through all of them cheap. Never knows what a member means.
 */
import type { Random } from '../../../core/random.ts';
import { Dict, type DictEntry } from '../../keyspace/dict.ts';
import type { Hasher } from '../../keyspace/hasher.ts';

class Member implements DictEntry<Member> {
  readonly key: string;
  hash = 0;
  next: Member | undefined = undefined;
  /** In the row. */
  place: number;

  constructor(key: string, place: number) {
    this.key = key;
    this.place = place;
  }
}

export class MemberTable implements Iterable<string> {
  readonly #dict: Dict<Member>;
  readonly #row: Member[] = [];

  constructor(hasher: Hasher) {
    this.#dict = new Dict(hasher);
  }

  get size(): number {
    return this.#row.length;
  }

  has(key: string): boolean {
    return this.#dict.find(key) !== undefined;
  }

  /** Whether it is new. */
  add(key: string): boolean {
    if (this.#dict.find(key) !== undefined) return false;
    const row = this.#row;
    const member = new Member(key, row.length);
    this.#dict.insert(member);
    row.push(member);
    return true;
  }

  /** Whether it was there. The last one of the row takes its place. */
  delete(key: string): boolean {
    const removed = this.#dict.remove(key);
    if (removed === undefined) return false;
    const last = this.#row.pop();
    if (last !== undefined && last !== removed) {
      this.#row[removed.place] = last;
      last.place = removed.place;
    }
    return true;
  }

  /** Each with the same chance. The table is not empty. */
  random(random: Random): string {
    return (this.#row[random.below(this.#row.length)] as Member).key;
  }

  /** To be used up before the next change. */
  *[Symbol.iterator](): IterableIterator<string> {
    for (const { key } of this.#row) yield key;
  }

  /** As Dict.scan. */
  scan(cursor: number, visit: (key: string) => void): number {
    return this.#dict.scan(cursor, ({ key }) => visit(key));
  }
}
