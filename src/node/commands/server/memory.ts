/**
 * Owns MEMORY. What a key takes is known without looking at samples. Source: Redis object.c memoryCommand.
 */
import { integer, nullBulk, OK, verbatim } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { keyBytes } from '../../keyspace/memory.ts';
import { allocatorReport, memoryReport, memoryStats } from './memory-report.ts';

const help = [
  'DOCTOR',
  '    Return memory problems reports.',
  'MALLOC-STATS',
  '    Return internal statistics report from the memory allocator.',
  'PURGE',
  '    Attempt to purge dirty pages for reclamation by the allocator.',
  'STATS',
  '    Return information about the memory usage of the server.',
  'USAGE <key> [SAMPLES <count>]',
  '    Return memory in bytes used by <key> and its value. Nested values are',
  '    sampled up to <count> times (default: 5, 0 means sample all).',
];

function usage({ db, resp }: Context, argv: readonly string[]): Reply {
  for (let i = 3; i < argv.length; i += 2) {
    const samples = argv[i + 1];
    if ((argv[i] as string).toLowerCase() !== 'samples' || samples === undefined) return SYNTAX_ERROR;
    const count = parseInteger(samples);
    if (count === undefined) return NOT_AN_INTEGER;
    if (count < 0) return SYNTAX_ERROR;
  }
  const entry = db.peek(argv[2] as string);
  return entry === undefined ? nullBulk(resp) : integer(keyBytes(entry));
}

const common = { keySpecs: [], categories: [], group: 'server', since: '4.0.0' } as const;

const differsByShard = [
  'nondeterministic_output',
  'request_policy:all_shards',
  'response_policy:special',
] as const;

export const memoryRow: CommandRow = {
  ...common,
  name: 'memory',
  arity: -2,
  flags: [],
  summary: 'Commands about memory',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...common,
      name: 'doctor',
      arity: 2,
      flags: [],
      summary: 'Tells what looks unusual about memory',
      complexity: 'O(1)',
      tips: differsByShard,
      handler: ({ node, resp }) => verbatim(memoryReport(node), resp),
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      summary: 'Tells about the subcommands',
      complexity: 'O(1)',
      handler: () => helpReply('MEMORY', help),
    },
    {
      ...common,
      name: 'malloc-stats',
      arity: 2,
      flags: [],
      summary: 'Tells about the spaces of the heap',
      complexity: 'O(1)',
      tips: differsByShard,
      handler: ({ resp }) => verbatim(allocatorReport(), resp),
    },
    {
      ...common,
      name: 'purge',
      arity: 2,
      flags: [],
      summary: 'Accepted: the collector gives memory back by itself',
      complexity: 'O(1)',
      tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
      handler: () => OK,
    },
    {
      ...common,
      name: 'stats',
      arity: 2,
      flags: [],
      summary: 'What memory is taken by',
      complexity: 'O(1)',
      tips: differsByShard,
      handler: ({ node, resp }) => memoryStats(node, resp),
    },
    {
      ...common,
      name: 'usage',
      arity: -3,
      flags: ['readonly'],
      keySpecs: [keys(['RO'], 2)],
      summary: 'Estimates the memory that a key takes',
      complexity: 'O(N) where N is the number of samples.',
      handler: usage,
    },
  ],
};
