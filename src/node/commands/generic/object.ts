/**
 * Owns OBJECT: how a value is kept and used. Source: Redis object.c objectCommand.
 */
import { bulk, error, integer, nullBulk, ONE } from '../../../protocol/resp/encode.ts';
import { helpReply } from '../../command/help.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Entry } from '../../parts/keyspace.ts';
import { typeOf } from '../../types/types.ts';

const LFU_SELECTED = error(
  'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
);
const LFU_NOT_SELECTED = error(
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
);

/** Redis shares the objects of whole numbers from 0 to below this one, unless eviction needs each key's own. */
const SHARED_INTEGERS = 10_000;
const SHARED_REFCOUNT = 2_147_483_647;

const HELP = [
  'ENCODING <key>',
  '    Tell how the value of <key> is represented inside.',
  'FREQ <key>',
  '    Tell how often <key> is used: the logarithm of a count that decays.',
  '    Only with an LFU eviction policy.',
  'IDLETIME <key>',
  '    Tell how many seconds ago <key> was used last.',
  '    Not with an LFU eviction policy.',
  'REFCOUNT <key>',
  '    Tell how many references there are to the value of <key>.',
];

const encodingOf = (entry: Entry): string => typeOf(entry.value).encoding(entry.value, entry.encodingHint);

function refcount(context: Context, entry: Entry): Reply {
  const config = context.node.config;
  const shares = config.number('maxmemory') === 0 || !/-l[rf]u$/.test(config.text('maxmemory-policy'));
  if (!shares || typeof entry.value !== 'string' || encodingOf(entry) !== 'int') return ONE;
  const number = Number(entry.value);
  return number >= 0 && number < SHARED_INTEGERS ? integer(SHARED_REFCOUNT) : ONE;
}

function usesLfu(context: Context): boolean {
  return context.node.config.text('maxmemory-policy').endsWith('-lfu');
}

const answers = {
  encoding: (_context: Context, entry: Entry): Reply => bulk(encodingOf(entry)),
  refcount,
  idletime: (context: Context, entry: Entry): Reply =>
    usesLfu(context) ? LFU_SELECTED : integer(Math.floor(context.db.idleMs(entry) / 1000)),
  freq: (context: Context, entry: Entry): Reply =>
    usesLfu(context) ? integer(context.db.frequency(entry)) : LFU_NOT_SELECTED,
};

function subcommand(name: keyof typeof answers, since: string, summary: string): CommandRow {
  return {
    name,
    arity: 3,
    flags: ['readonly'],
    categories: ['keyspace'],
    keySpecs: [keys(['RO'], 2)],
    summary,
    since,
    group: 'generic',
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    handler: (context, argv) => {
      const entry = context.db.lookupNoTouch(argv[2] as string, false);
      return entry === undefined ? nullBulk(context.resp) : answers[name](context, entry);
    },
  };
}

export const objectRow: CommandRow = {
  name: 'object',
  arity: -2,
  flags: [],
  categories: [],
  keySpecs: [],
  summary: 'Tells how a value is kept and used',
  since: '2.2.3',
  group: 'generic',
  complexity: 'O(1)',
  subcommands: [
    subcommand('encoding', '2.2.3', 'Tells how a value is represented inside'),
    subcommand('freq', '4.0.0', 'Tells how often a key is used'),
    subcommand('idletime', '2.2.3', 'Tells how long ago a key was used last'),
    subcommand('refcount', '2.2.3', 'Tells how many references there are to a value'),
    {
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      categories: ['keyspace'],
      keySpecs: [],
      summary: 'Explains the subcommands of OBJECT',
      since: '6.2.0',
      group: 'generic',
      complexity: 'O(1)',
      handler: () => helpReply('OBJECT', HELP),
    },
  ],
};
