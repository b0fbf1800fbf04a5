/** Owns MULTI, EXEC, DISCARD, WATCH and UNWATCH as rows; the dispatcher runs transactions. Source: Redis multi.c. */
import { error, OK } from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

function multi({ client }: Context): Reply {
  if (client.queue !== undefined) return error('ERR MULTI calls can not be nested');
  client.queue = [];
  return OK;
}

function discard({ client, node }: Context): Reply {
  if (client.queue === undefined) return error('ERR DISCARD without MULTI');
  node.dispatch.discard(client);
  return OK;
}

function watch({ client, node }: Context, argv: readonly string[]): Reply {
  if (client.queue !== undefined) return error('ERR WATCH inside MULTI is not allowed');
  // A transaction that will fail anyway need not watch more.
  if (!client.watchBroken) node.dispatch.watch(client, argv.slice(1));
  return OK;
}

function unwatch({ client, node }: Context): Reply {
  node.dispatch.unwatch(client);
  return OK;
}

const common = { categories: ['transaction'], keySpecs: [], group: 'transactions' } as const;
const open = ['noscript', 'loading', 'stale', 'fast', 'allow_busy'] as const;

export const transactionRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'multi',
    arity: 1,
    flags: open,
    summary: 'Begins a transaction: the next commands are queued',
    since: '1.2.0',
    complexity: 'O(1)',
    handler: multi,
  },
  {
    ...common,
    name: 'exec',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    summary: 'Runs all queued commands as one',
    since: '1.2.0',
    complexity: 'Depends on commands in the transaction',
    handler: ({ client, node }) => node.dispatch.exec(client),
  },
  {
    ...common,
    name: 'discard',
    arity: 1,
    flags: open,
    summary: 'Drops all queued commands',
    since: '2.0.0',
    complexity: 'O(N), when N is the number of queued commands',
    handler: discard,
  },
  {
    ...common,
    name: 'watch',
    arity: -2,
    flags: open,
    keySpecs: [keys(['RO'], 1, -1)],
    summary: 'Lets the next transaction fail if one of these keys changes before it',
    since: '2.2.0',
    complexity: 'O(1) for every key.',
    handler: watch,
  },
  {
    ...common,
    name: 'unwatch',
    arity: 1,
    flags: open,
    summary: 'Forgets the watched keys',
    since: '2.2.0',
    complexity: 'O(1)',
    handler: unwatch,
  },
];
