/**
 * Owns sets: members without an order. While all are whole numbers and few, they are an intset, which goes through them by size; else
 * a hash table for good, which can be sampled and scanned however large it is.
 * Source: the behaviour of Redis t_set.c (setTypeCreate, setTypeAdd, setTypeRemove, setTypeRandomElement, setTypeDup).
 */
import { parseInt64 } from '../../../core/int64.ts';
import type { Random } from '../../../core/random.ts';
import type { Collection } from '../../keyspace/value.ts';
import { Counted, textBytes } from '../memory.ts';
import type { ValueHost } from '../row.ts';
import { IntSet } from './int-set.ts';
import { MemberTable } from './member-table.ts';

/** As seen in V8: the set with an empty intset, what a table takes more, a number in an array, and a member in a table. */
const EMPTY_BYTES = 280;
const TABLE_BYTES = 190;
const NUMBER_BYTES = 16;
const MEMBER_BYTES = 80;

/** No intset grows beyond this, whatever set-max-intset-entries says. */
const MAX_NUMBERS = 1 << 30;

export class MemberSet extends Counted implements Collection, Iterable<string> {
  readonly typeName = 'set';
  readonly #host: ValueHost;
  /** Exactly one of the two. */
  #numbers: IntSet | undefined = new IntSet();
  #table: MemberTable | undefined;

  /** An empty one. Takes its limit from `host`, each time that it counts. */
  constructor(host: ValueHost) {
    super(EMPTY_BYTES);
    this.#host = host;
  }

  get size(): number {
    return (this.#numbers ?? this.#table)?.size ?? 0;
  }

  get encoding(): 'intset' | 'hashtable' {
    return this.#numbers !== undefined ? 'intset' : 'hashtable';
  }

  has(member: string): boolean {
    const numbers = this.#numbers;
    if (numbers === undefined) return (this.#table as MemberTable).has(member);
    const number = parseInt64(member);
    return number !== undefined && numbers.has(number);
  }

  /** Whether it is new. */
  add(member: string): boolean {
    const numbers = this.#numbers;
    if (numbers === undefined) return this.#addToTable(this.#table as MemberTable, member);
    const number = parseInt64(member);
    if (number === undefined) return this.#addToTable(this.#makeTable(), member);
    if (!numbers.add(number)) return false;
    this.count(NUMBER_BYTES);
    const limit = this.#host.config.number('set-max-intset-entries');
    if (numbers.size > limit || numbers.size > MAX_NUMBERS) this.#makeTable();
    return true;
  }

  /** Whether it was there. */
  delete(member: string): boolean {
    const numbers = this.#numbers;
    if (numbers === undefined) {
      if (!(this.#table as MemberTable).delete(member)) return false;
      this.count(-MEMBER_BYTES - textBytes(member));
      return true;
    }
    const number = parseInt64(member);
    if (number === undefined || !numbers.delete(number)) return false;
    this.count(-NUMBER_BYTES);
    return true;
  }

  clear(): void {
    this.#numbers = new IntSet();
    this.#table = undefined;
    this.count(EMPTY_BYTES - this.memoryBytes);
  }

  /** To be used up before the next change. */
  *[Symbol.iterator](): IterableIterator<string> {
    if (this.#numbers !== undefined) for (const number of this.#numbers) yield String(number);
    else if (this.#table !== undefined) yield* this.#table;
  }

  /** Visits a few members, all of an intset, and returns the next cursor, 0 at the end. As Dict.scan. */
  scan(cursor: number, visit: (member: string) => void): number {
    if (this.#table !== undefined) return this.#table.scan(cursor, visit);
    for (const member of this) visit(member);
    return 0;
  }

  /** A member, each with the same chance. The set is not empty. */
  random(random: Random): string {
    return this.#numbers !== undefined
      ? String(this.#numbers.at(random.below(this.#numbers.size)))
      : (this.#table as MemberTable).random(random);
  }

  copy(): MemberSet {
    const copy = new MemberSet(this.#host);
    if (this.#numbers === undefined) {
      copy.#makeTable(this);
      return copy;
    }
    copy.#numbers = new IntSet([...this.#numbers]);
    copy.count(this.size * NUMBER_BYTES);
    return copy;
  }

  #addToTable(table: MemberTable, member: string): boolean {
    if (!table.add(member)) return false;
    this.count(MEMBER_BYTES + textBytes(member));
    return true;
  }

  #makeTable(members: Iterable<string> = this): MemberTable {
    const table = new MemberTable(this.#host.memberHasher);
    let bytes = EMPTY_BYTES + TABLE_BYTES;
    for (const member of members) if (table.add(member)) bytes += MEMBER_BYTES + textBytes(member);
    this.count(bytes - this.memoryBytes);
    this.#numbers = undefined;
    this.#table = table;
    return table;
  }
}
