/** Owns the messages about keys that are out of date, encoded. Source: Redis tracking.c sendTrackingMessage. */
import { array, bulk, integer, push } from '../../protocol/resp/encode.ts';

const INVALIDATE = bulk('invalidate');
const REDIRECT_BROKEN = bulk('tracking-redir-broken');
const asMessage = [bulk('message'), bulk('__redis__:invalidate')] as const;

/** For a client of RESP3. `keys`: an encoded array, or a null for all keys. */
export function invalidation(keys: string): string {
  return push([INVALIDATE, keys], 3);
}

/** For a subscriber of RESP2: as a message of a channel. */
export function invalidationAsMessage(keys: string): string {
  return array([...asMessage, keys]);
}

/** For a client of RESP3: the one that it redirects to is gone. */
export function redirectBroken(clientId: number): string {
  return push([REDIRECT_BROKEN, integer(clientId)], 3);
}
