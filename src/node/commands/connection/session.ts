/** Owns PING, ECHO, SELECT, QUIT and RESET. Source: Redis server.c pingCommand, networking.c resetCommand, db.c selectCommand. */
import { bulk, bulkArray, error, OK, PONG, simple } from '../../../protocol/resp/encode.ts';
import { parseInt32 } from '../../command/arguments.ts';
import { DB_INDEX_OUT_OF_RANGE } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

function ping(context: Context, argv: readonly string[]): Reply {
  const text = argv[1];
  if (argv.length > 2) return error("ERR wrong number of arguments for 'ping' command");
  if (context.client.kind === 'pubsub' && context.resp === 2) return bulkArray(['pong', text ?? '']);
  return text === undefined ? PONG : bulk(text);
}

function echo(_context: Context, argv: readonly string[]): Reply {
  return bulk(argv[1] as string);
}

function select(context: Context, argv: readonly string[]): Reply {
  const index = parseInt32(argv[1] as string);
  if (typeof index === 'string') return index;
  if (context.node.cluster !== undefined && index !== 0)
    return error('ERR SELECT is not allowed in cluster mode');
  const db = context.node.databases[index];
  if (db === undefined) return DB_INDEX_OUT_OF_RANGE;
  context.client.db = db;
  return OK;
}

function quit(context: Context): Reply {
  context.client.end();
  return OK;
}

function reset(context: Context): Reply {
  const client = context.client;
  if (client.kind === 'replica' || client.kind === 'master')
    return error('ERR can only reset normal client connections');
  context.node.dispatch.discard(client);
  context.node.server.monitors.remove(client);
  context.node.pubsub.forget(client);
  context.node.tracking.disable(client);
  client.kind = 'normal';
  client.asking = false;
  client.readonly = false;
  client.noEvict = false;
  client.replyMode = 'on';
  client.name = '';
  client.resp = 2;
  const first = context.node.databases[0];
  if (first) client.db = first;
  context.node.acl.enter(client);
  return simple('RESET');
}

const common = { categories: ['connection'], keySpecs: [], group: 'connection', complexity: 'O(1)' } as const;

export const sessionRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'ping',
    arity: -1,
    flags: ['fast', 'sentinel'],
    summary: 'Answers PONG, or the text that was sent with it',
    since: '1.0.0',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    handler: ping,
  },
  {
    ...common,
    name: 'echo',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    summary: 'Answers the text that was sent',
    since: '1.0.0',
    handler: echo,
  },
  {
    ...common,
    name: 'select',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    summary: 'Changes the database of this connection',
    since: '1.0.0',
    handler: select,
  },
  {
    ...common,
    name: 'quit',
    arity: -1,
    flags: ['allow_busy', 'noscript', 'loading', 'stale', 'fast', 'no_auth'],
    summary: 'Closes the connection',
    since: '1.0.0',
    handler: quit,
  },
  {
    ...common,
    name: 'reset',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    summary: 'Gives the connection the state of a new one',
    since: '6.2.0',
    handler: reset,
  },
];
