/** Owns the row of the sorted set type. */
import { formatDouble } from '../../../protocol/text/double.ts';
import { Digest } from '../digest.ts';
import { rewriteInParts } from '../rewrite.ts';
import type { TypeRow } from '../row.ts';
import { type ScoredMember, SortedSet } from './sorted-set.ts';

export const sortedSetType: TypeRow<SortedSet> = {
  name: 'zset',
  holds: (value): value is SortedSet => value instanceof SortedSet,
  encoding: (set) => set.encoding,
  copy: (set) => set.copy(),
  toRdb: (set) => ({ type: 'zset', encoding: set.encoding, size: set.size, entries: pairs(set) }),
  fromRdb(read, host) {
    if (typeof read === 'string' || read.type !== 'zset') return undefined;
    return SortedSet.from(
      host,
      Array.from(read.entries, ([key, score]) => ({ key, score })),
    );
  },
  objectType: 3,
  rewrite: (key, set) => rewriteInParts(['ZADD', key], scoresAndMembers(set.members()), 2),
  digest(set, digest) {
    for (const { key, score } of set.members()) {
      const own = new Digest();
      own.mix(key);
      own.mix(formatDouble(score));
      digest.xor(own.bytes);
    }
  },
};

function* pairs(set: SortedSet): IterableIterator<readonly [member: string, score: number]> {
  for (const { key, score } of set.members()) yield [key, score];
}

function* scoresAndMembers(members: Iterable<ScoredMember>): IterableIterator<string> {
  for (const { key, score } of members) {
    yield formatDouble(score);
    yield key;
  }
}
