/** Owns SLOWLOG. Source: Redis slowlog.c slowlogCommand. */
import { array, bulk, bulkArray, error, integer, OK } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { unknownSubcommand } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

const help = [
  'GET [<count>]',
  '    Return top <count> entries from the slowlog (default: 10, -1 mean all).',
  '    Entries are made of:',
  '    id, timestamp, time in microseconds, arguments array, client IP and port,',
  '    client name',
  'LEN',
  '    Return the length of the slowlog.',
  'RESET',
  '    Reset the slowlog.',
];

function get({ node }: Context, argv: readonly string[]): Reply {
  if (argv.length > 3) return unknownSubcommand('SLOWLOG', argv[1] as string);
  const { entries } = node.server.slowLog;
  const wanted = argv[2] === undefined ? 10 : parseInteger(argv[2]);
  if (wanted === undefined || wanted < -1) return error('ERR count should be greater than or equal to -1');
  const shown = wanted === -1 ? entries : entries.slice(0, wanted);
  return array(
    shown.map((entry) =>
      array([
        integer(entry.id),
        integer(entry.timeSeconds),
        integer(entry.microseconds),
        bulkArray(entry.argv),
        bulk(entry.address),
        bulk(entry.name),
      ]),
    ),
  );
}

const common = {
  flags: ['admin', 'loading', 'stale'],
  categories: [],
  keySpecs: [],
  group: 'server',
  since: '2.2.12',
} as const;

export const slowlogRow: CommandRow = {
  ...common,
  name: 'slowlog',
  arity: -2,
  flags: [],
  summary: 'Commands about the log of slow commands',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...common,
      name: 'get',
      arity: -2,
      summary: 'The slowest commands of late, the newest first',
      complexity: 'O(N) where N is the number of entries returned',
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
      handler: get,
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      summary: 'Tells about the subcommands',
      since: '6.2.0',
      complexity: 'O(1)',
      handler: () => helpReply('SLOWLOG', help),
    },
    {
      ...common,
      name: 'len',
      arity: 2,
      summary: 'Counts the entries of the log',
      complexity: 'O(1)',
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
      handler: ({ node }) => integer(node.server.slowLog.entries.length),
    },
    {
      ...common,
      name: 'reset',
      arity: 2,
      summary: 'Empties the log',
      complexity: 'O(N) where N is the number of entries in the slowlog',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: ({ node }) => {
        node.server.slowLog.reset();
        return OK;
      },
    },
  ],
};
