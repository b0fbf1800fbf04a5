import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/node/dispatch/session.ts';
import { globMatches } from '../../../src/node/keyspace/glob.ts';
import type { SubscriptionKind } from '../../../src/node/parts/pubsub.ts';
import { LocalPubSub } from '../../../src/node/pubsub/pubsub.ts';
import { keySlot } from '../../../src/protocol/slots/key-slot.ts';

/** A client that keeps what it is told. */
class Listener {
  readonly resp = 2;
  kind: Session['kind'] = 'normal';
  subscriptions: Session['subscriptions'];
  told = 0;
  #closed: () => void = () => {};

  write(): void {
    this.told++;
  }
  onClose(fn: () => void): void {
    this.#closed = fn;
  }
  close(): void {
    this.#closed();
  }
  get session(): Session {
    return this as unknown as Session;
  }
}

const kinds: readonly SubscriptionKind[] = ['channel', 'pattern', 'shard'];
const name = fc.constantFrom('a', 'b', 'ab', 'a*', '*', '?', '');
const step = fc.record({
  act: fc.constantFrom('subscribe', 'subscribe', 'unsubscribe', 'all', 'publish', 'close', 'release'),
  client: fc.nat({ max: 2 }),
  kind: fc.constantFrom(...kinds),
  name,
});

describe('subscriptions', () => {
  it('are those that a list of who listens to what tells of, after any steps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pubsub = new LocalPubSub(true);
        const clients = [new Listener(), new Listener(), new Listener()];
        let model: { client: number; kind: SubscriptionKind; name: string }[] = [];
        for (const { act, client, kind, name } of steps) {
          const listener = clients[client] as Listener;
          const isSame = (each: (typeof model)[number]): boolean =>
            each.client === client && each.kind === kind && each.name === name;
          if (act === 'subscribe') {
            pubsub.subscribe(listener.session, kind, name);
            if (!model.some(isSame)) model.push({ client, kind, name });
          } else if (act === 'unsubscribe') {
            pubsub.unsubscribe(listener.session, kind, name);
            model = model.filter((each) => !isSame(each));
          } else if (act === 'all') {
            pubsub.unsubscribeAll(listener.session, kind);
            model = model.filter((each) => each.client !== client || each.kind !== kind);
          } else if (act === 'close') {
            listener.close();
            model = model.filter((each) => each.client !== client);
          } else if (act === 'release') {
            pubsub.releaseSlot(keySlot(name));
            model = model.filter((each) => each.kind !== 'shard' || each.name !== name);
          } else {
            const sharded = kind === 'shard';
            const before = clients.map(({ told }) => told);
            const hears = model.filter((each) =>
              each.kind === 'pattern'
                ? !sharded && globMatches(each.name, name)
                : each.name === name && (each.kind === 'shard') === sharded,
            );
            expect(pubsub.publish(name, 'text', sharded)).toBe(hears.length);
            for (const [index, { told }] of clients.entries())
              expect(told - (before[index] ?? 0)).toBe(hears.filter((each) => each.client === index).length);
          }
          for (const each of kinds) {
            const names = new Set(model.filter(({ kind }) => kind === each).map(({ name }) => name));
            expect(new Set(pubsub.names(each))).toEqual(names);
            expect(pubsub.count(each)).toBe(names.size);
            for (const known of names)
              expect(pubsub.subscriberCount(each, known)).toBe(
                model.filter(({ kind, name }) => kind === each && name === known).length,
              );
          }
          for (const [index, { kind }] of clients.entries())
            expect(kind).toBe(model.some((each) => each.client === index) ? 'pubsub' : 'normal');
        }
      }),
      { numRuns: 300 },
    );
  });
});
