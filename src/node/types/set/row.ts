/** Owns the row of the set type. */
import { rewriteInParts } from '../rewrite.ts';
import type { TypeRow } from '../row.ts';
import { MemberSet } from './set.ts';

export const setType: TypeRow<MemberSet> = {
  name: 'set',
  holds: (value): value is MemberSet => value instanceof MemberSet,
  encoding: (set) => set.encoding,
  copy: (set) => set.copy(),
  toRdb: (set) => ({ type: 'set', size: set.size, members: set, encoding: set.encoding }),
  fromRdb(read, host) {
    if (typeof read === 'string' || read.type !== 'set') return undefined;
    const set = new MemberSet(host);
    for (const member of read.members) set.add(member);
    return set;
  },
  objectType: 2,
  rewrite: (key, set) => rewriteInParts(['SADD', key], set, 1),
  digest(set, digest) {
    for (const member of set) digest.xor(member);
  },
};
