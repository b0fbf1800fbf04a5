/**
 * Owns what commands that set a time to live have in common. Source: Redis expire.c checkAlreadyExpired.
 */
import type { Context } from '../dispatch/context.ts';

/**
 * Whether a key that gets this time (absolute Unix ms) is deleted at once. On a replica it is kept, for its master to delete;
 * while a file is loaded, for the commands that follow in it.
 */
export function isPast(context: Context, expireAtMs: number): boolean {
  const { node, nowMs } = context;
  return expireAtMs <= nowMs && node.replication.role === 'master' && !node.loading;
}

/** The command that tells replicas that an expired key is gone. */
export function expiryDeletion(context: Context): 'DEL' | 'UNLINK' {
  return context.node.config.flag('lazyfree-lazy-expire') ? 'UNLINK' : 'DEL';
}
