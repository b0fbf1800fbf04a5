/** Owns PUBSUB: what it tells about channels and those who listen to them. Source: Redis pubsub.c pubsubCommand. */
import { array, bulk, bulkArray, integer } from '../../../protocol/resp/encode.ts';
import { unknownSubcommand } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import type { CommandRow, Handler } from '../../command/row.ts';
import { globMatches } from '../../keyspace/glob.ts';
import type { SubscriptionKind } from '../../parts/pubsub.ts';

const help = [
  'CHANNELS [<pattern>]',
  "    Return the currently active channels matching a <pattern> (default: '*').",
  'NUMPAT',
  '    Return number of subscriptions to patterns.',
  'NUMSUB [<channel> ...]',
  '    Return the number of subscribers for the specified channels, excluding',
  '    pattern subscriptions(default: no channels).',
  'SHARDCHANNELS [<pattern>]',
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  'SHARDNUMSUB [<shardchannel> ...]',
  '    Return the number of subscribers for the specified shard level channel(s)',
];

function channels(kind: SubscriptionKind): Handler {
  return ({ node: { pubsub } }, argv) => {
    if (argv.length > 3) return unknownSubcommand('PUBSUB', argv[1] as string);
    const names = [...pubsub.names(kind)];
    const pattern = argv[2];
    return bulkArray(pattern === undefined ? names : names.filter((name) => globMatches(pattern, name)));
  };
}

function subscribers(kind: SubscriptionKind): Handler {
  return ({ node: { pubsub } }, argv) =>
    array(argv.slice(2).flatMap((name) => [bulk(name), integer(pubsub.subscriberCount(kind, name))]));
}

const common = {
  flags: ['pubsub', 'loading', 'stale'],
  categories: [],
  keySpecs: [],
  group: 'pubsub',
} as const;
const perChannel = 'O(N) where N is the number of channels.';

export const pubsubRow: CommandRow = {
  ...common,
  name: 'pubsub',
  arity: -2,
  flags: [],
  summary: 'Tells about channels and those who listen to them',
  since: '2.8.0',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...common,
      name: 'channels',
      arity: -2,
      summary: 'The channels that somebody listens to',
      since: '2.8.0',
      complexity: perChannel,
      handler: channels('channel'),
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      summary: 'Tells about the subcommands',
      since: '6.2.0',
      complexity: 'O(1)',
      handler: () => helpReply('PUBSUB', help),
    },
    {
      ...common,
      name: 'numpat',
      arity: 2,
      summary: 'How many different patterns somebody listens to',
      since: '2.8.0',
      complexity: 'O(1)',
      handler: ({ node: { pubsub } }) => integer(pubsub.count('pattern')),
    },
    {
      ...common,
      name: 'numsub',
      arity: -2,
      summary: 'How many listen to each channel',
      since: '2.8.0',
      complexity: perChannel,
      handler: subscribers('channel'),
    },
    {
      ...common,
      name: 'shardchannels',
      arity: -2,
      summary: 'The channels of shards that somebody listens to',
      since: '7.0.0',
      complexity: perChannel,
      handler: channels('shard'),
    },
    {
      ...common,
      name: 'shardnumsub',
      arity: -2,
      summary: 'How many listen to each channel of a shard',
      since: '7.0.0',
      complexity: perChannel,
      handler: subscribers('shard'),
    },
  ],
};
