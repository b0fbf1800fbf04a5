/** Owns SCRIPT. Source: Redis eval.c scriptCommand; commands/script*.json. */
import { array, bulk, error, OK, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { helpReply } from '../../command/help.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

const help = [
  'DEBUG (YES|SYNC|NO)',
  '    Set the debug mode for subsequent scripts executed.',
  'EXISTS <sha1> [<sha1> ...]',
  '    Return information about the existence of the scripts in the script cache.',
  'FLUSH [ASYNC|SYNC]',
  '    Flush the Lua scripts cache. Very dangerous on replicas.',
  '    When called without the optional mode argument, the behavior is determined by the',
  '    lazyfree-lazy-user-flush configuration directive. Valid modes are:',
  '    * ASYNC: Asynchronously flush the scripts cache.',
  '    * SYNC: Synchronously flush the scripts cache.',
  'KILL',
  '    Kill the currently executing Lua script.',
  'LOAD <script>',
  '    Load a script into the scripts cache without executing it.',
];

/** Whether the arguments behind the subcommand are a way of flushing. */
export function isFlushMode(words: readonly string[]): boolean {
  return words.length === 0 || (words.length === 1 && /^(?:a?sync)$/i.test(words[0] as string));
}

function flush({ node }: Context, argv: readonly string[]): Reply {
  if (!isFlushMode(argv.slice(2))) return error('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
  node.scripts.flush();
  return OK;
}

function load({ node }: Context, argv: readonly string[]): Reply {
  const loaded = node.scripts.load(argv[2] as string);
  return 'sha' in loaded ? bulk(loaded.sha) : error(loaded.error);
}

/** There is no debugger: it can only be left off. */
function debug(_context: Context, argv: readonly string[]): Reply {
  const mode = (argv[2] as string).toLowerCase();
  if (mode === 'no') return OK;
  if (mode === 'yes' || mode === 'sync') return error('ERR This node has no debugger for scripts');
  return error('ERR Use SCRIPT DEBUG YES/SYNC/NO');
}

const common = { categories: ['scripting'], keySpecs: [], group: 'scripting' } as const;

export const scriptRow: CommandRow = {
  ...common,
  categories: [],
  name: 'script',
  arity: -2,
  flags: [],
  summary: 'Keeps and forgets scripts',
  since: '2.6.0',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...common,
      name: 'debug',
      arity: 3,
      flags: ['noscript'],
      summary: 'Switches the debugger of scripts, which there is none of',
      since: '3.2.0',
      complexity: 'O(1)',
      handler: debug,
    },
    {
      ...common,
      name: 'exists',
      arity: -3,
      flags: ['noscript'],
      summary: 'Tells which scripts are kept',
      since: '2.6.0',
      complexity:
        'O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).',
      tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
      handler: ({ node }, argv) => array(argv.slice(2).map((sha) => (node.scripts.exists(sha) ? ONE : ZERO))),
    },
    {
      ...common,
      name: 'flush',
      arity: -2,
      flags: ['noscript'],
      summary: 'Forgets all scripts',
      since: '2.6.0',
      complexity: 'O(N) with N being the number of scripts in cache',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: flush,
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      summary: 'Tells about the subcommands',
      since: '5.0.0',
      complexity: 'O(1)',
      handler: () => helpReply('SCRIPT', help),
    },
    {
      ...common,
      name: 'kill',
      arity: 2,
      flags: ['noscript', 'allow_busy'],
      summary: 'Ends the script that runs',
      since: '2.6.0',
      complexity: 'O(1)',
      tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
      handler: ({ node }) => node.scripts.kill('eval'),
    },
    {
      ...common,
      name: 'load',
      arity: 3,
      flags: ['noscript', 'stale'],
      summary: 'Keeps a script without running it',
      since: '2.6.0',
      complexity: 'O(N) with N being the length in bytes of the script body.',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: load,
    },
  ],
};
