/** Owns XGROUP. Source: Redis t_stream.c xgroupCommand. */
import type { Int64 } from '../../../core/int64.ts';
import { error, integer, OK, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { MIN_ID } from '../../../protocol/text/stream-id.ts';
import { parseInt64 } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, unknownSubcommand } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Group } from '../../types/stream/group.ts';
import { streamType } from '../../types/stream/row.ts';
import { Stream } from '../../types/stream/stream.ts';
import { collectionToChange } from '../collection.ts';
import { parseAnyId, parseStrictId } from './arguments.ts';
import { countWrites, createConsumer, noSuchGroup } from './lookup.ts';

const NO_KEY = error(
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
);
const BUSY = error('BUSYGROUP Consumer Group name already exists');
const WRONG_ENTRIES_READ = error('ERR value for ENTRIESREAD must be positive or -1');

const HELP = [
  'CREATE <key> <groupname> <id|$> [option]',
  '    Make a group that reads what comes behind <id>. Options are:',
  '    * MKSTREAM',
  '      Make an empty stream where there is none.',
  '    * ENTRIESREAD entries_read',
  '      How many entries the group has read already (for replicas and files).',
  'CREATECONSUMER <key> <groupname> <consumer>',
  '    Make a consumer of the group.',
  'DELCONSUMER <key> <groupname> <consumer>',
  '    Remove a consumer, with what is pending there.',
  'DESTROY <key> <groupname>',
  '    Remove the group.',
  'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
  '    Let the group go on behind <id>.',
];

interface GroupOptions {
  readonly makesStream: boolean;
  readonly entriesRead: Int64 | undefined;
}

function parseOptions(argv: readonly string[], mayMakeStream: boolean): GroupOptions | string {
  let makesStream = false;
  let entriesRead: Int64 | undefined;
  for (let at = 5; at < argv.length; at++) {
    const word = argv[at]?.toLowerCase();
    if (mayMakeStream && word === 'mkstream') makesStream = true;
    else if (word === 'entriesread' && at + 1 < argv.length) {
      const given = parseInt64(argv[++at] as string);
      if (given === undefined) return NOT_AN_INTEGER;
      if (given < -1) return WRONG_ENTRIES_READ;
      entriesRead = given === -1 ? undefined : given;
    } else return unknownSubcommand('XGROUP', argv[1] as string);
  }
  return { makesStream, entriesRead };
}

/** The most words of XGROUP CREATE, each option once. */
const CREATE_WORDS = 8;

function create(context: Context, argv: readonly string[]): Reply {
  const [, subcommand = '', key = '', name = '', idText = ''] = argv;
  const options = parseOptions(argv, true);
  if (typeof options === 'string') return options;
  let stream = collectionToChange(context, key, streamType);
  if (typeof stream === 'string') return stream;
  if (stream === undefined && !options.makesStream) return NO_KEY;
  if (argv.length > CREATE_WORDS) return unknownSubcommand('XGROUP', subcommand);
  const id = idText === '$' ? (stream?.lastId ?? MIN_ID) : parseStrictId(idText);
  if (typeof id === 'string') return id;
  const { db } = context;
  if (stream === undefined) {
    stream = new Stream(context.node);
    db.add(key, stream);
    db.changed(key, 0);
  }
  if (stream.groups.has(name)) return BUSY;
  stream.addGroup(name, id, options.entriesRead);
  countWrites(context, 1);
  db.notify('t', 'xgroup-create', key);
  return OK;
}

/** The group that a subcommand is about, with its stream, or the encoded error. */
function find(
  context: Context,
  argv: readonly string[],
): { readonly stream: Stream; readonly group: Group | undefined } | string {
  const [, , key = '', name = ''] = argv;
  const stream = collectionToChange(context, key, streamType);
  if (stream === undefined) return NO_KEY;
  return typeof stream === 'string' ? stream : { stream, group: stream.groups.get(name) };
}

function setId(context: Context, argv: readonly string[]): Reply {
  const [, subcommand = '', key = '', name = '', idText = ''] = argv;
  const options = parseOptions(argv, false);
  if (typeof options === 'string') return options;
  const found = find(context, argv);
  if (typeof found === 'string') return found;
  const { stream, group } = found;
  if (group === undefined) return noSuchGroup(key, name);
  if (argv.length !== 5 && argv.length !== 7) return unknownSubcommand('XGROUP', subcommand);
  const id = idText === '$' ? stream.lastId : parseAnyId(idText);
  if (typeof id === 'string') return id;
  group.lastId = id;
  group.entriesRead = options.entriesRead;
  countWrites(context, 1);
  context.db.notify('t', 'xgroup-setid', key);
  return OK;
}

function destroy(context: Context, argv: readonly string[]): Reply {
  const key = argv[2] as string;
  const found = find(context, argv);
  if (typeof found === 'string') return found;
  const { stream, group } = found;
  if (group === undefined) return ZERO;
  stream.removeGroup(group);
  countWrites(context, 1);
  const { db, node } = context;
  db.notify('t', 'xgroup-destroy', key);
  // Who waits for new entries of the group has to hear of it.
  node.keyWaiters.ready(db.index, key);
  return ONE;
}

function addConsumer(context: Context, argv: readonly string[]): Reply {
  const [, , key = '', name = '', consumer = ''] = argv;
  const found = find(context, argv);
  if (typeof found === 'string') return found;
  const { group } = found;
  if (group === undefined) return noSuchGroup(key, name);
  if (group.consumers.has(consumer)) return ZERO;
  createConsumer(context, key, group, consumer);
  return ONE;
}

function deleteConsumer(context: Context, argv: readonly string[]): Reply {
  const [, , key = '', name = '', consumerName = ''] = argv;
  const found = find(context, argv);
  if (typeof found === 'string') return found;
  const { group } = found;
  if (group === undefined) return noSuchGroup(key, name);
  const consumer = group.consumers.get(consumerName);
  if (consumer === undefined) return ZERO;
  group.removeConsumer(consumer);
  countWrites(context, 1);
  context.db.notify('t', 'xgroup-delconsumer', key);
  return integer(consumer.pending.size);
}

const common = { categories: ['stream'], group: 'stream', since: '5.0.0', complexity: 'O(1)' } as const;

export const groupRow: CommandRow = {
  ...common,
  name: 'xgroup',
  arity: -2,
  flags: [],
  categories: [],
  keySpecs: [],
  summary: 'Commands about consumer groups',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...common,
      name: 'create',
      arity: -5,
      flags: ['write', 'denyoom'],
      keySpecs: [keys(['RW', 'insert'], 2)],
      summary: 'Makes a consumer group',
      handler: create,
    },
    {
      ...common,
      name: 'setid',
      arity: -5,
      flags: ['write'],
      keySpecs: [keys(['RW', 'update'], 2)],
      summary: 'Sets the id behind which a group goes on reading',
      handler: setId,
    },
    {
      ...common,
      name: 'destroy',
      arity: 4,
      flags: ['write'],
      keySpecs: [keys(['RW', 'delete'], 2)],
      summary: 'Removes a consumer group',
      complexity: 'O(N) for N entries that are pending',
      handler: destroy,
    },
    {
      ...common,
      name: 'createconsumer',
      arity: 5,
      flags: ['write', 'denyoom'],
      keySpecs: [keys(['RW', 'insert'], 2)],
      summary: 'Makes a consumer of a group',
      since: '6.2.0',
      handler: addConsumer,
    },
    {
      ...common,
      name: 'delconsumer',
      arity: 5,
      flags: ['write'],
      keySpecs: [keys(['RW', 'delete'], 2)],
      summary: 'Removes a consumer of a group, with what is pending there',
      handler: deleteConsumer,
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      keySpecs: [],
      summary: 'Tells about the subcommands',
      handler: () => helpReply('XGROUP', HELP),
    },
  ],
};
