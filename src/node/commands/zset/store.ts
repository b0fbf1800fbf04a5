/** Owns the keeping of a result as a sorted set. Source: Redis t_zset.c zrangeResultFinalizeStore, zunionInterDiffGenericCommand. */
import type { Context } from '../../dispatch/context.ts';
import { type ScoredMember, SortedSet } from '../../types/zset/sorted-set.ts';

/** Puts them in place of what the key held; without any, the key goes. How many there are. */
export function storeMembers(
  { db, node }: Context,
  key: string,
  members: readonly ScoredMember[],
  event: string,
): number {
  if (members.length > 0) {
    db.set(key, SortedSet.from(node, members));
    db.notify('z', event, key);
  } else if (db.delete(key)) {
    db.notify('g', 'del', key);
  }
  return members.length;
}
