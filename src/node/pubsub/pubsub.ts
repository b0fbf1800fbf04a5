/**
 * Owns publishing and subscribing on one node: who listens to what, and the sending of messages to them. Never knows the
 * other nodes of a cluster or a replica: commands send messages on. Source: Redis pubsub.c.
 */
import type { RespVersion } from '../../protocol/resp/encode.ts';
import type { Session } from '../dispatch/session.ts';
import { globMatches } from '../keyspace/glob.ts';
import type { PubSub, SubscriptionKind, Subscriptions } from '../parts/pubsub.ts';
import { textBytes } from '../types/memory.ts';
import { message, patternMessage, subscribed, unsubscribed } from './messages.ts';
import { SlotChannels } from './slot-channels.ts';
import { SubscriberTable } from './subscribers.ts';

/** As seen in V8, besides the name: the place in the client's set and in the table. */
const SUBSCRIPTION_BYTES = 100;

const kinds: readonly SubscriptionKind[] = ['channel', 'pattern', 'shard'];

export class LocalPubSub implements PubSub {
  readonly #tables = {
    channel: new SubscriberTable(),
    pattern: new SubscriberTable(),
    shard: new SubscriberTable(),
  };
  readonly #slotChannels: SlotChannels | undefined;

  /** `slotted`: cluster mode, where channels of a shard belong to slots. */
  constructor(slotted: boolean) {
    this.#slotChannels = slotted ? new SlotChannels() : undefined;
  }

  subscribe(client: Session, kind: SubscriptionKind, name: string): string {
    const own = client.subscriptions ?? this.#begin(client);
    if (!own[kind].has(name)) {
      own[kind].add(name);
      client.listenBytes += SUBSCRIPTION_BYTES + textBytes(name);
      const isFirst = this.#tables[kind].add(name, client);
      if (isFirst && kind === 'shard') this.#slotChannels?.add(name);
      if (client.kind === 'normal') client.kind = 'pubsub';
    }
    return subscribed(kind, name, countOf(own, kind), client.resp);
  }

  unsubscribe(client: Session, kind: SubscriptionKind, name: string): string {
    const own = client.subscriptions;
    if (own !== undefined) this.#end(client, own, kind, name);
    return unsubscribed(kind, name, countOf(own, kind), client.resp);
  }

  unsubscribeAll(client: Session, kind: SubscriptionKind): string {
    const own = client.subscriptions;
    if (own === undefined || own[kind].size === 0)
      return unsubscribed(kind, undefined, countOf(own, kind), client.resp);
    let text = '';
    for (const name of own[kind]) text += this.unsubscribe(client, kind, name);
    return text;
  }

  forget(client: Session): void {
    const own = client.subscriptions;
    if (own === undefined) return;
    for (const kind of kinds) for (const name of own[kind]) this.#end(client, own, kind, name);
  }

  publish(channel: string, text: string, sharded: boolean): number {
    const { shard, channel: channels, pattern: patterns } = this.#tables;
    const subscribers = (sharded ? shard : channels).of(channel);
    let receivers = sendAll(subscribers, (resp) => message(channel, text, sharded, resp));
    if (sharded) return receivers;
    for (const [pattern, listening] of patterns.entries()) {
      if (globMatches(pattern, channel))
        receivers += sendAll(listening, (resp) => patternMessage(pattern, channel, text, resp));
    }
    return receivers;
  }

  releaseSlot(slot: number): void {
    for (const channel of this.#slotChannels?.of(slot) ?? [])
      for (const client of this.#tables.shard.of(channel))
        client.write(this.unsubscribe(client, 'shard', channel));
  }

  names(kind: SubscriptionKind): Iterable<string> {
    return this.#tables[kind].names();
  }

  count(kind: SubscriptionKind): number {
    return this.#tables[kind].size;
  }

  subscriberCount(kind: SubscriptionKind, name: string): number {
    return this.#tables[kind].of(name).size;
  }

  #begin(client: Session): Subscriptions {
    const own = { channel: new Set<string>(), pattern: new Set<string>(), shard: new Set<string>() };
    client.subscriptions = own;
    client.onClose(() => this.forget(client));
    return own;
  }

  #end(client: Session, own: Subscriptions, kind: SubscriptionKind, name: string): void {
    if (!own[kind].delete(name)) return;
    client.listenBytes -= SUBSCRIPTION_BYTES + textBytes(name);
    const wasLast = this.#tables[kind].remove(name, client);
    if (wasLast && kind === 'shard') this.#slotChannels?.remove(name);
    const none = kinds.every((each) => own[each].size === 0);
    if (none && client.kind === 'pubsub') client.kind = 'normal';
  }
}

/** Channels of shards are counted apart. */
function countOf(own: Subscriptions | undefined, kind: SubscriptionKind): number {
  if (own === undefined) return 0;
  return kind === 'shard' ? own.shard.size : own.channel.size + own.pattern.size;
}

/** Encodes once for each protocol, however many listen. */
function sendAll(clients: ReadonlySet<Session>, encode: (resp: RespVersion) => string): number {
  const texts: { 2?: string; 3?: string } = {};
  let count = 0;
  for (const client of clients) {
    count++;
    let text = texts[client.resp];
    if (text === undefined) {
      text = encode(client.resp);
      texts[client.resp] = text;
    }
    // What a replica reads is the stream: anything in between would make its data differ.
    if (client.kind === 'replica') client.destroy();
    else client.write(text);
  }
  return count;
}
