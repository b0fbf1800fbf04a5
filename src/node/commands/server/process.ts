/** Owns INFO, TIME, SHUTDOWN and MONITOR. Source: Redis server.c infoCommand, timeCommand, monitorCommand; db.c shutdownCommand. */
import { bulkArray, error, OK, verbatim } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { BLOCKED, type CommandRow, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { infoText } from '../../observe/info/sections.ts';

function info({ node, resp }: Context, argv: readonly string[]): Reply {
  return verbatim(infoText(node, argv.slice(1)), resp);
}

function time({ node }: Context): Reply {
  const nowMs = node.clock.nowMs();
  const seconds = Math.trunc(nowMs / 1000);
  // The system's time has whole milliseconds; the rest comes from the steady clock, so that two calls differ.
  const microseconds = (nowMs - seconds * 1000) * 1000 + (Math.trunc(node.clock.monotonicMs() * 1000) % 1000);
  return bulkArray([String(seconds), String(Math.trunc(microseconds))]);
}

function shutdown(context: Context, argv: readonly string[]): Reply {
  const words = argv.slice(1).map((word) => word.toLowerCase());
  const has = (word: string): boolean => words.includes(word);
  const known = ['nosave', 'save', 'now', 'force', 'abort'];
  if (words.some((word) => !known.includes(word))) return SYNTAX_ERROR;
  if (has('abort') && words.some((word) => word !== 'abort')) return SYNTAX_ERROR;
  if (has('save') && has('nosave')) return SYNTAX_ERROR;
  const { stopping } = context.node.server;
  const { busy } = context.node.scripts;
  if (busy !== undefined && !has('nosave')) return error(busy.refusal);
  if (has('abort')) return stopping.abort() ? OK : error('ERR No shutdown in progress.');
  if (!has('now') && !context.mayBlock)
    return error("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client");
  stopping.begin(
    { save: has('save'), nosave: has('nosave'), now: has('now'), force: has('force') },
    context.client,
  );
  return BLOCKED;
}

function monitor({ client, node, mayBlock }: Context): Reply {
  if (!mayBlock) return error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  if (client.kind === 'replica') return OK;
  node.server.monitors.add(client);
  return OK;
}

export const processRows: readonly CommandRow[] = [
  {
    name: 'info',
    arity: -1,
    flags: ['loading', 'stale', 'sentinel'],
    categories: ['dangerous'],
    keySpecs: [],
    summary: 'Tells about the node and its counters',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    handler: info,
  },
  {
    name: 'time',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: [],
    keySpecs: [],
    summary: 'The time of the node: Unix seconds, and microseconds',
    since: '2.6.0',
    group: 'server',
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    handler: time,
  },
  {
    name: 'shutdown',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'sentinel', 'allow_busy'],
    categories: [],
    keySpecs: [],
    summary: 'Ends the node',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
    handler: shutdown,
  },
  {
    name: 'monitor',
    arity: 1,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    categories: [],
    keySpecs: [],
    summary: 'Shows every request that the node receives',
    since: '1.0.0',
    group: 'server',
    handler: monitor,
  },
];
