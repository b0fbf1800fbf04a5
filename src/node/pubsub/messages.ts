/**
 * Owns the messages that subscribers get, encoded: pushes for RESP3, arrays for RESP2. Source: Redis pubsub.c
 * addReplyPubsub*.
 */
import { bulk, integer, nullBulk, push, type RespVersion } from '../../protocol/resp/encode.ts';
import type { SubscriptionKind } from '../parts/pubsub.ts';

const encoded = <Word extends string>(...words: Word[]): Readonly<Record<Word, string>> =>
  Object.fromEntries(words.map((word) => [word, bulk(word)])) as Record<Word, string>;

const words = encoded(
  ...(['subscribe', 'psubscribe', 'ssubscribe'] as const),
  ...(['unsubscribe', 'punsubscribe', 'sunsubscribe'] as const),
  ...(['message', 'pmessage', 'smessage'] as const),
);

const subscribedWords = { channel: words.subscribe, pattern: words.psubscribe, shard: words.ssubscribe };
const unsubscribedWords = {
  channel: words.unsubscribe,
  pattern: words.punsubscribe,
  shard: words.sunsubscribe,
};

/** `count`: to how much the client listens now. */
export function subscribed(kind: SubscriptionKind, name: string, count: number, resp: RespVersion): string {
  return push([subscribedWords[kind], bulk(name), integer(count)], resp);
}

/** `name` is undefined where there was nothing to end. */
export function unsubscribed(
  kind: SubscriptionKind,
  name: string | undefined,
  count: number,
  resp: RespVersion,
): string {
  const shown = name === undefined ? nullBulk(resp) : bulk(name);
  return push([unsubscribedWords[kind], shown, integer(count)], resp);
}

export function message(channel: string, text: string, sharded: boolean, resp: RespVersion): string {
  return push([sharded ? words.smessage : words.message, bulk(channel), bulk(text)], resp);
}

export function patternMessage(pattern: string, channel: string, text: string, resp: RespVersion): string {
  return push([words.pmessage, bulk(pattern), bulk(channel), bulk(text)], resp);
}
