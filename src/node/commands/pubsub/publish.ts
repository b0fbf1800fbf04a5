/** Owns PUBLISH and SPUBLISH: the message goes to the subscribers here, and on to other nodes or to replicas. Source: Redis pubsub.c publishCommand, spublishCommand. */
import { integer } from '../../../protocol/resp/encode.ts';
import { type CommandFlag, type CommandRow, type Handler, keys } from '../../command/row.ts';

/** What only replicas read. */
const REPLICAS = 2;

function publish(sharded: boolean): Handler {
  return ({ node, db }, argv) => {
    const { cluster, propagation } = node;
    const channel = argv[1] as string;
    const message = argv[2] as string;
    const receivers = node.pubsub.publish(channel, message, sharded);
    // In a cluster replicas hear of it as all nodes do, over the bus.
    if (cluster !== undefined) cluster.publish(channel, message, sharded);
    else propagation.feed(db.index, argv, REPLICAS);
    return integer(receivers);
  };
}

const ofShards: readonly CommandFlag[] = ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'];
const common = { arity: 3, categories: [], group: 'pubsub' } as const;

export const publishRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'publish',
    flags: [...ofShards, 'sentinel'],
    keySpecs: [],
    summary: 'Sends a message to those who listen to a channel',
    since: '2.0.0',
    complexity: 'O(N+M) where N is the number of subscribers and M the number of all patterns.',
    handler: publish(false),
  },
  {
    ...common,
    name: 'spublish',
    flags: ofShards,
    keySpecs: [keys(['not_key'])],
    summary: 'Sends a message to those who listen to a channel of a shard',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of subscribers.',
    handler: publish(true),
  },
];
