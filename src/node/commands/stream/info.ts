/** Owns XINFO. Source: Redis t_stream.c xinfoCommand, xinfoReplyWithStreamInfo. */
import type { Int64 } from '../../../core/int64.ts';
import { array, bulk, integer, map, nullBulk, type RespVersion } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NO_SUCH_KEY, NOT_AN_INTEGER, unknownSubcommand } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { byName, type Consumer, type Group, type PendingEntry } from '../../types/stream/group.ts';
import type { IdList } from '../../types/stream/id-list.ts';
import { streamType } from '../../types/stream/row.ts';
import type { Stream } from '../../types/stream/stream.ts';
import { collectionToRead } from '../collection.ts';
import { noSuchGroup } from './lookup.ts';
import { entriesReply, entryReply, idReply } from './replies.ts';

const HELP = [
  'CONSUMERS <key> <groupname>',
  '    Tell about the consumers of <groupname>.',
  'GROUPS <key>',
  '    Tell about the consumer groups of a stream.',
  'STREAM <key> [FULL [COUNT <count>]',
  '    Tell about a stream.',
];

/** Entries that FULL shows of each list. */
const USUAL_COUNT = 10;

/** Names and encoded values, as a map. */
function fieldsReply(fields: Readonly<Record<string, string>>, resp: RespVersion): string {
  const items: string[] = [];
  for (const [name, reply] of Object.entries(fields)) items.push(bulk(name), reply);
  return map(items, resp);
}

function known(value: Int64 | undefined, resp: RespVersion): string {
  return value === undefined ? nullBulk(resp) : integer(value);
}

function streamToTell(context: Context, argv: readonly string[]): Stream | string {
  return collectionToRead(context, argv[2] as string, streamType) ?? NO_SUCH_KEY;
}

/** How many entries FULL shows, 0 for all; undefined without FULL. */
function parseFull(argv: readonly string[]): number | undefined | string {
  const [, subcommand = '', , full, countWord, countText] = argv;
  if (full === undefined) return undefined;
  if (argv.length === 4 && full.toLowerCase() === 'full') return USUAL_COUNT;
  if (argv.length !== 6 || full.toLowerCase() !== 'full' || countWord?.toLowerCase() !== 'count')
    return unknownSubcommand('XINFO', subcommand);
  const count = parseInteger(countText as string);
  if (count === undefined) return NOT_AN_INTEGER;
  return count < 0 ? USUAL_COUNT : count;
}

function stream(context: Context, argv: readonly string[]): Reply {
  const found = streamToTell(context, argv);
  if (typeof found === 'string') return found;
  const count = parseFull(argv);
  if (typeof count === 'string') return count;
  const { resp } = context;
  const { groups, firstEntry, lastEntry } = found;
  const facts = {
    length: integer(found.size),
    'radix-tree-keys': integer(found.nodeCount),
    'radix-tree-nodes': integer(found.radixNodeCount),
    'last-generated-id': idReply(found.lastId),
    'max-deleted-entry-id': idReply(found.maxDeletedId),
    'entries-added': integer(found.entriesAdded),
    'recorded-first-entry-id': idReply(found.firstId),
  };
  const rest =
    count === undefined
      ? {
          groups: integer(groups.size),
          'first-entry': firstEntry === undefined ? nullBulk(resp) : entryReply(firstEntry),
          'last-entry': lastEntry === undefined ? nullBulk(resp) : entryReply(lastEntry),
        }
      : {
          entries: entriesReply(found.entries(), count),
          groups: array(byName(groups.values()).map((group) => fullGroup(found, group, count, resp))),
        };
  return fieldsReply({ ...facts, ...rest }, resp);
}

/** At most `count` of the entries, 0 for all; with their consumers where `withConsumer`. */
function pendingReply(pending: IdList<PendingEntry>, count: number, withConsumer: boolean): string {
  const replies: string[] = [];
  for (const { id, consumer, deliveredAtMs, deliveryCount } of pending) {
    const owner = withConsumer ? [bulk(consumer.name)] : [];
    replies.push(array([idReply(id), ...owner, integer(deliveredAtMs), integer(deliveryCount)]));
    if (replies.length === count) break;
  }
  return array(replies);
}

function fullGroup(found: Stream, group: Group, count: number, resp: RespVersion): string {
  const consumers = byName(group.consumers.values());
  return fieldsReply(
    {
      name: bulk(group.name),
      'last-delivered-id': idReply(group.lastId),
      'entries-read': known(group.entriesRead, resp),
      lag: known(found.lagOf(group), resp),
      'pel-count': integer(group.pending.size),
      pending: pendingReply(group.pending, count, true),
      consumers: array(consumers.map((consumer) => fullConsumer(consumer, count, resp))),
    },
    resp,
  );
}

function fullConsumer({ name, seenAtMs, pending }: Consumer, count: number, resp: RespVersion): string {
  return fieldsReply(
    {
      name: bulk(name),
      'seen-time': integer(seenAtMs),
      'pel-count': integer(pending.size),
      pending: pendingReply(pending, count, false),
    },
    resp,
  );
}

function groups(context: Context, argv: readonly string[]): Reply {
  const found = streamToTell(context, argv);
  if (typeof found === 'string') return found;
  const { resp } = context;
  const replies = byName(found.groups.values()).map((group) =>
    fieldsReply(
      {
        name: bulk(group.name),
        consumers: integer(group.consumers.size),
        pending: integer(group.pending.size),
        'last-delivered-id': idReply(group.lastId),
        'entries-read': known(group.entriesRead, resp),
        lag: known(found.lagOf(group), resp),
      },
      resp,
    ),
  );
  return array(replies);
}

function consumers(context: Context, argv: readonly string[]): Reply {
  const found = streamToTell(context, argv);
  if (typeof found === 'string') return found;
  const [, , key = '', groupName = ''] = argv;
  const group = found.groups.get(groupName);
  if (group === undefined) return noSuchGroup(key, groupName);
  const { resp, nowMs } = context;
  const replies = byName(group.consumers.values()).map(({ name, pending, seenAtMs }) =>
    fieldsReply(
      {
        name: bulk(name),
        pending: integer(pending.size),
        idle: integer(Math.max(0, nowMs - seenAtMs)),
      },
      resp,
    ),
  );
  return array(replies);
}

const common = { categories: ['stream'], group: 'stream', since: '5.0.0', complexity: 'O(1)' } as const;
const telling = { ...common, flags: ['readonly'], keySpecs: [keys(['RO', 'access'], 2)] } as const;

export const infoRow: CommandRow = {
  ...common,
  name: 'xinfo',
  arity: -2,
  flags: [],
  categories: [],
  keySpecs: [],
  summary: 'Commands that tell about streams',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...telling,
      name: 'consumers',
      arity: 4,
      summary: 'Tells about the consumers of a group',
      tips: ['nondeterministic_output'],
      handler: consumers,
    },
    {
      ...telling,
      name: 'groups',
      arity: 3,
      summary: 'Tells about the consumer groups of a stream',
      handler: groups,
    },
    { ...telling, name: 'stream', arity: -3, summary: 'Tells about a stream', handler: stream },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      keySpecs: [],
      summary: 'Tells about the subcommands',
      handler: () => helpReply('XINFO', HELP),
    },
  ],
};
