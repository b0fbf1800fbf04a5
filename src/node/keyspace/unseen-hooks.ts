/** Owns what a database asks and tells that is being filled aside: nobody hears of it, and nothing in it expires. */
import type { KeyspaceHooks } from './database.ts';

export function unseenHooks(hooks: KeyspaceHooks): KeyspaceHooks {
  return {
    nowMs: () => hooks.nowMs(),
    isReplica: () => hooks.isReplica(),
    isWritableReplica: () => false,
    isServingMaster: () => false,
    isLoading: () => true,
    isPaused: () => false,
    touched: () => {},
    awaited: () => {},
    flushed: () => {},
    propagateDelete: () => {},
  };
}
