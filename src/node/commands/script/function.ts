/** Owns FUNCTION. Source: Redis functions.c; commands/function*.json. */
import {
  array,
  bulk,
  bulkArray,
  bulkOrNull,
  error,
  integer,
  map,
  nullBulk,
  OK,
  set,
  simple,
} from '../../../protocol/resp/encode.ts';
import { unknownSubcommand } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { globMatches } from '../../keyspace/glob.ts';
import type { FunctionLibrary } from '../../parts/scripts.ts';
import { dumpLibraries, readLibraries } from '../../script/payload.ts';
import { functionHelp } from './function-help.ts';
import { isFlushMode } from './script.ts';

/** A write that no key tells of: counted for the next save, and sent on. */
function changed({ node }: Context): void {
  node.stats.dirty++;
}

function load(context: Context, argv: readonly string[]): Reply {
  const code = argv.at(-1) as string;
  const options = argv.slice(2, -1);
  const unknown = options.find((option) => option.toLowerCase() !== 'replace');
  if (unknown !== undefined) return error(`ERR Unknown option given: ${unknown}`);
  const limited = context.client.kind !== 'master';
  const loaded = context.node.scripts.libraries.load(code, { replace: options.length > 0, limited });
  if ('error' in loaded) return error(loaded.error);
  changed(context);
  return bulk(loaded.name);
}

function remove(context: Context, argv: readonly string[]): Reply {
  if (!context.node.scripts.libraries.delete(argv[2] as string)) return error('ERR Library not found');
  changed(context);
  return OK;
}

function flush(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 3) return unknownSubcommand('FUNCTION', argv[1] as string);
  if (!isFlushMode(argv.slice(2))) return error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
  context.node.scripts.libraries.clear();
  changed(context);
  return OK;
}

interface ListOptions {
  readonly withCode: boolean;
  readonly pattern: string | undefined;
}

function listOptions(words: readonly string[]): ListOptions | string {
  let withCode = false;
  let pattern: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = (words[i] as string).toLowerCase();
    if (!withCode && word === 'withcode') withCode = true;
    else if (pattern === undefined && word === 'libraryname') {
      pattern = words[++i];
      if (pattern === undefined) return error('ERR library name argument was not given');
    } else return error(`ERR Unknown argument ${words[i]}`);
  }
  return { withCode, pattern };
}

function libraryReply({ resp }: Context, library: FunctionLibrary, withCode: boolean): string {
  const functions = library.functions.map(({ name, description, flags }) =>
    map(
      [
        ...[bulk('name'), bulk(name)],
        ...[bulk('description'), bulkOrNull(description, resp)],
        ...[bulk('flags'), set(flags.map(simple), resp)],
      ],
      resp,
    ),
  );
  return map(
    [
      ...[bulk('library_name'), bulk(library.name)],
      ...[bulk('engine'), bulk('LUA')],
      ...[bulk('functions'), array(functions)],
      ...(withCode ? [bulk('library_code'), bulk(library.code)] : []),
    ],
    resp,
  );
}

function list(context: Context, argv: readonly string[]): Reply {
  const options = listOptions(argv.slice(2));
  if (typeof options === 'string') return options;
  const { pattern, withCode } = options;
  const libraries = context.node.scripts.libraries
    .all()
    .filter(({ name }) => pattern === undefined || globMatches(pattern, name, true));
  return array(libraries.map((library) => libraryReply(context, library, withCode)));
}

function stats({ node, resp }: Context): Reply {
  const { busy, libraries } = node.scripts;
  if (busy?.kind === 'eval') return error(busy.refusal);
  const running =
    busy === undefined
      ? nullBulk(resp)
      : map(
          [
            ...[bulk('name'), bulk(busy.name)],
            ...[bulk('command'), bulkArray(busy.argv)],
            ...[bulk('duration_ms'), integer(Math.trunc(busy.elapsedMs))],
          ],
          resp,
        );
  const all = libraries.all();
  const functions = all.reduce((sum, library) => sum + library.functions.length, 0);
  const engine = map(
    [...[bulk('libraries_count'), integer(all.length)], ...[bulk('functions_count'), integer(functions)]],
    resp,
  );
  const engines = map([bulk('LUA'), engine], resp);
  return map([bulk('running_script'), running, bulk('engines'), engines], resp);
}

function dump({ node }: Context): Reply {
  return bulk(dumpLibraries(node.scripts.libraries.all().map(({ code }) => code)));
}

function restore(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 4) return unknownSubcommand('FUNCTION', argv[1] as string);
  const policy = (argv[3] ?? 'append').toLowerCase();
  if (policy !== 'append' && policy !== 'replace' && policy !== 'flush')
    return error('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.');
  const codes = readLibraries(argv[2] as string);
  if (typeof codes === 'string') return error(`ERR ${codes}`);
  const refused = context.node.scripts.libraries.restore(codes, policy);
  if (refused !== undefined) return error(refused);
  changed(context);
  return OK;
}

const common = { categories: ['scripting'], keySpecs: [], group: 'scripting', since: '7.0.0' } as const;
const everywhere = ['request_policy:all_shards', 'response_policy:all_succeeded'] as const;

export const functionRow: CommandRow = {
  ...common,
  categories: [],
  name: 'function',
  arity: -2,
  flags: [],
  summary: 'Keeps libraries of functions',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...common,
      name: 'delete',
      arity: 3,
      flags: ['write', 'noscript'],
      summary: 'Deletes a library',
      complexity: 'O(1)',
      tips: everywhere,
      handler: remove,
    },
    {
      ...common,
      name: 'dump',
      arity: 2,
      flags: ['noscript'],
      summary: 'All libraries in one payload',
      complexity: 'O(N) where N is the number of functions',
      handler: dump,
    },
    {
      ...common,
      name: 'flush',
      arity: -2,
      flags: ['write', 'noscript'],
      summary: 'Deletes all libraries',
      complexity: 'O(N) where N is the number of functions deleted',
      tips: everywhere,
      handler: flush,
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      summary: 'Tells about the subcommands',
      complexity: 'O(1)',
      handler: () => helpReply('FUNCTION', functionHelp),
    },
    {
      ...common,
      name: 'kill',
      arity: 2,
      flags: ['noscript', 'allow_busy'],
      summary: 'Ends the function that runs',
      complexity: 'O(1)',
      tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
      handler: ({ node }) => node.scripts.kill('function'),
    },
    {
      ...common,
      name: 'list',
      arity: -2,
      flags: ['noscript'],
      summary: 'Tells about the libraries and their functions',
      complexity: 'O(N) where N is the number of functions',
      tips: ['nondeterministic_output_order'],
      handler: list,
    },
    {
      ...common,
      name: 'load',
      arity: -3,
      flags: ['write', 'denyoom', 'noscript'],
      summary: 'Loads a library',
      complexity: 'O(1) (considering compilation time is redundant)',
      tips: everywhere,
      handler: load,
    },
    {
      ...common,
      name: 'restore',
      arity: -3,
      flags: ['write', 'denyoom', 'noscript'],
      summary: 'Loads the libraries of a payload',
      complexity: 'O(N) where N is the number of functions on the payload',
      tips: everywhere,
      handler: restore,
    },
    {
      ...common,
      name: 'stats',
      arity: 2,
      flags: ['noscript', 'allow_busy'],
      summary: 'Tells about the function that runs',
      complexity: 'O(1)',
      tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
      handler: stats,
    },
  ],
};
