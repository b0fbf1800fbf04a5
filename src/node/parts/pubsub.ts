/** Owns publishing and subscribing as the other parts see it. */
import type { Session } from '../dispatch/session.ts';

/** What a client listens to: a channel, all channels that match a pattern, or a channel of a shard. */
export type SubscriptionKind = 'channel' | 'pattern' | 'shard';

/** What one client listens to; only PubSub changes it. */
export type Subscriptions = Readonly<Record<SubscriptionKind, Set<string>>>;

export interface PubSub {
  /** The client hears of `name` from now on. Returns the encoded message that tells it so. */
  subscribe(client: Session, kind: SubscriptionKind, name: string): string;
  /** No more. Returns the encoded message, which there is for a name that it did not listen to, too. */
  unsubscribe(client: Session, kind: SubscriptionKind, name: string): string;
  /** From all of a kind; the encoded messages, at least one. */
  unsubscribeAll(client: Session, kind: SubscriptionKind): string;
  /** The client listens to nothing any more, and is not told. */
  forget(client: Session): void;
  /** Tells the subscribers that this node has. Returns how many messages there were. */
  publish(channel: string, message: string, sharded: boolean): number;
  /** Another node serves the slot from now on: its channels lose their subscribers, who are told. Cluster mode only. */
  releaseSlot(slot: number): void;
  /** The names that somebody listens to. */
  names(kind: SubscriptionKind): Iterable<string>;
  /** How many names somebody listens to. */
  count(kind: SubscriptionKind): number;
  subscriberCount(kind: SubscriptionKind, name: string): number;
}
