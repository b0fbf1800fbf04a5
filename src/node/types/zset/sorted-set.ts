/**
 * Owns sorted sets: members in the order of their scores. While they are few and short they are found by looking at all of
 * them, as in Redis's listpack; else, for good, by a hash table, which can be scanned.
 * Source: the behaviour of Redis t_zset.c (zsetAdd, zsetConvert, zsetDup).
 */
import { formatDouble, formatScore } from '../../../protocol/text/double.ts';
import { Dict, type DictEntry } from '../../keyspace/dict.ts';
import type { Collection } from '../../keyspace/value.ts';
import { Counted, textBytes } from '../memory.ts';
import type { ValueHost } from '../row.ts';
import { type IsBefore, ScoreTree } from './score-tree.ts';

/** As seen in V8: the set with its first node; a member's object, its score and its places. */
const EMPTY_BYTES = 290;
const MEMBER_BYTES = 96;

/** A member with its score; to others it is read-only. */
export interface ScoredMember {
  readonly key: string;
  readonly score: number;
}

class Member implements ScoredMember, DictEntry<Member> {
  readonly key: string;
  score: number;
  hash = 0;
  next: Member | undefined = undefined;

  constructor(key: string, score: number) {
    this.key = key;
    this.score = score;
  }
}

export class SortedSet extends Counted implements Collection {
  readonly typeName = 'zset';
  readonly #host: ValueHost;
  #order = new ScoreTree<Member>();
  /** Absent while it is a listpack to Redis. */
  #table: Dict<Member> | undefined;

  /** An empty one. Takes its limits from `host`, each time that they count. */
  constructor(host: ValueHost) {
    super(EMPTY_BYTES);
    this.#host = host;
  }

  /** Of members that differ, in any order. */
  static from(host: ValueHost, members: readonly ScoredMember[]): SortedSet {
    const set = new SortedSet(host);
    const { config } = host;
    const longest = config.number('zset-max-listpack-value');
    if (
      members.length > config.number('zset-max-listpack-entries') ||
      members.some(({ key }) => key.length > longest)
    )
      set.#makeTable();
    set.#fill(members);
    return set;
  }

  get size(): number {
    return this.#order.size;
  }

  get encoding(): 'listpack' | 'skiplist' {
    return this.#table === undefined ? 'listpack' : 'skiplist';
  }

  find(member: string): ScoredMember | undefined {
    return this.#find(member);
  }

  score(member: string): number | undefined {
    return this.#find(member)?.score;
  }

  /** A member that is not there yet. */
  add(member: string, score: number): void {
    if (this.#table === undefined && this.#outgrows(member)) this.#makeTable();
    const added = new Member(member, this.#kept(score));
    this.#order.insert(added);
    this.#table?.insert(added);
    this.count(MEMBER_BYTES + textBytes(member));
  }

  /** Gives a member of this set, as `find` gave it, another score. */
  update(member: ScoredMember, score: number): void {
    if (!(member instanceof Member)) throw new Error('only members of the set can be updated');
    this.#order.remove(member);
    member.score = this.#kept(score);
    this.#order.insert(member);
  }

  /** Whether it was there. */
  delete(member: string): boolean {
    const found = this.#find(member);
    if (found === undefined) return false;
    this.#remove(found);
    return true;
  }

  /** How many members are before this one; undefined without it. */
  rank(member: string): number | undefined {
    const found = this.#find(member);
    if (found === undefined) return undefined;
    const { score } = found;
    return this.countBefore((other, key) => other < score || (other === score && key < member));
  }

  countBefore(isBefore: IsBefore): number {
    return this.#order.countBefore(isBefore);
  }

  /** The members of the ranks [start, start + count) that there are. */
  slice(start: number, count: number): readonly ScoredMember[] {
    return this.#order.slice(start, count);
  }

  /** Takes the members of the ranks [start, start + count) away. Those that there were. */
  removeRange(start: number, count: number): readonly ScoredMember[] {
    const removed = this.#order.slice(start, count);
    for (const member of removed) this.#remove(member);
    return removed;
  }

  /** In order. To be used up before the next change. */
  members(): IterableIterator<ScoredMember> {
    return this.#order.entries();
  }

  /** Visits a few members, all of a listpack, and returns the next cursor, 0 at the end. As Dict.scan. */
  scan(cursor: number, visit: (member: string, score: string) => void): number {
    const show = ({ key, score }: ScoredMember): void => visit(key, this.#scoreText(score));
    if (this.#table !== undefined) return this.#table.scan(cursor, show);
    for (const member of this.#order.entries()) show(member);
    return 0;
  }

  copy(): SortedSet {
    const copy = new SortedSet(this.#host);
    if (this.#table !== undefined) copy.#makeTable();
    copy.#fill([...this.#order.entries()]);
    return copy;
  }

  #scoreText(score: number): string {
    return this.#table === undefined ? formatScore(score) : formatDouble(score);
  }

  #find(member: string): Member | undefined {
    return this.#table === undefined ? this.#order.findMember(member) : this.#table.find(member);
  }

  #remove(member: Member): void {
    this.#order.remove(member);
    this.#table?.remove(member.key);
    this.count(-MEMBER_BYTES - textBytes(member.key));
  }

  /** Members that differ, into an empty set. */
  #fill(members: readonly ScoredMember[]): void {
    const added = members.map(({ key, score }) => new Member(key, this.#kept(score)));
    this.#order = ScoreTree.from(added);
    for (const { key } of added) this.count(MEMBER_BYTES + textBytes(key));
    if (this.#table !== undefined) for (const member of added) this.#table.insert(member);
  }

  /** A listpack keeps whole numbers as such, without a sign of zero. */
  #kept(score: number): number {
    return this.#table === undefined ? score + 0 : score;
  }

  #outgrows(member: string): boolean {
    const { config } = this.#host;
    return (
      this.size >= config.number('zset-max-listpack-entries') ||
      member.length > config.number('zset-max-listpack-value')
    );
  }

  #makeTable(): void {
    const table = new Dict<Member>(this.#host.memberHasher);
    for (const member of this.#order.entries()) table.insert(member);
    this.#table = table;
  }
}
