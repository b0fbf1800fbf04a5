/** Owns SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their ends. Source: Redis pubsub.c subscribeCommand and its like. */
import { error } from '../../../protocol/resp/encode.ts';
import { type CommandFlag, type CommandRow, type Handler, keys } from '../../command/row.ts';
import type { SubscriptionKind } from '../../parts/pubsub.ts';
import { tell } from './reply.ts';

function subscribe(kind: SubscriptionKind): Handler {
  return ({ client, node, mayBlock }, argv) => {
    // Those of before may be in a transaction, since clients rely on it.
    if (kind === 'shard' && !mayBlock)
      return error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    let messages = '';
    for (let i = 1; i < argv.length; i++) messages += node.pubsub.subscribe(client, kind, argv[i] as string);
    return tell(client, messages);
  };
}

function unsubscribe(kind: SubscriptionKind): Handler {
  return ({ client, node: { pubsub } }, argv) => {
    if (argv.length === 1) return tell(client, pubsub.unsubscribeAll(client, kind));
    let messages = '';
    for (let i = 1; i < argv.length; i++) messages += pubsub.unsubscribe(client, kind, argv[i] as string);
    return tell(client, messages);
  };
}

const ofShards: readonly CommandFlag[] = ['pubsub', 'noscript', 'loading', 'stale'];
const ofAll: readonly CommandFlag[] = [...ofShards, 'sentinel'];
const common = { categories: [], group: 'pubsub' } as const;
const perChannel = 'O(N) where N is the number of channels to subscribe to.';
const perOwnChannel = 'O(N) where N is the number of channels that the client is subscribed to.';

export const subscribeRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'subscribe',
    arity: -2,
    flags: ofAll,
    keySpecs: [],
    summary: 'Listens to channels',
    since: '2.0.0',
    complexity: perChannel,
    handler: subscribe('channel'),
  },
  {
    ...common,
    name: 'unsubscribe',
    arity: -1,
    flags: ofAll,
    keySpecs: [],
    summary: 'Listens to these channels no more, or to none',
    since: '2.0.0',
    complexity: perOwnChannel,
    handler: unsubscribe('channel'),
  },
  {
    ...common,
    name: 'psubscribe',
    arity: -2,
    flags: ofAll,
    keySpecs: [],
    summary: 'Listens to all channels that match patterns',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of patterns to subscribe to.',
    handler: subscribe('pattern'),
  },
  {
    ...common,
    name: 'punsubscribe',
    arity: -1,
    flags: ofAll,
    keySpecs: [],
    summary: 'Listens to these patterns no more, or to none',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of patterns that the client is subscribed to.',
    handler: unsubscribe('pattern'),
  },
  {
    ...common,
    name: 'ssubscribe',
    arity: -2,
    flags: ofShards,
    keySpecs: [keys(['not_key'], 1, -1)],
    summary: 'Listens to channels of a shard',
    since: '7.0.0',
    complexity: perChannel,
    handler: subscribe('shard'),
  },
  {
    ...common,
    name: 'sunsubscribe',
    arity: -1,
    flags: ofShards,
    keySpecs: [keys(['not_key'], 1, -1)],
    summary: 'Listens to these channels of a shard no more, or to none',
    since: '7.0.0',
    complexity: perOwnChannel,
    handler: unsubscribe('shard'),
  },
];
