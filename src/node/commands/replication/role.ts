/**
 * Owns the commands that set and tell the role of this node, and WAIT. Source: Redis replication.c replicaofCommand,
 * roleCommand, waitCommand.
 */
import { error, OK, simple } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { describeClient } from '../../server/describe.ts';

function replicaof(context: Context, argv: readonly string[]): Reply {
  const { replication, cluster, log } = context.node;
  if (cluster !== undefined) return error('ERR REPLICAOF not allowed in cluster mode.');
  if (replication.failoverState !== 'no-failover')
    return error('ERR REPLICAOF not allowed while failing over.');
  const host = argv[1] as string;
  const portText = argv[2] as string;
  const by = `(user request from '${describeClient(context.client, context.nowMs)}')`;
  if (host.toLowerCase() === 'no' && portText.toLowerCase() === 'one') {
    if (replication.role === 'replica') {
      replication.follow(undefined);
      log('notice', `MASTER MODE enabled ${by}`);
    }
    return OK;
  }
  if (context.client.kind === 'replica') return error('ERR Command is not valid when client is a replica.');
  const port = parseInteger(portText);
  if (port === undefined || port < 0 || port > 65535) return error('ERR Invalid master port');
  const { master } = replication;
  if (master?.host.toLowerCase() === host.toLowerCase() && master.port === port) {
    log(
      'notice',
      'REPLICAOF would result into synchronization with the master we are already connected with. No operation performed.',
    );
    return simple('OK Already connected to specified master');
  }
  replication.follow({ host, port });
  log('notice', `REPLICAOF ${host}:${port} enabled ${by}`);
  return OK;
}

function wait(context: Context, argv: readonly string[]): Reply {
  const { replication } = context.node;
  if (replication.role === 'replica')
    return error(
      'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.',
    );
  const count = parseInteger(argv[1] as string);
  if (count === undefined) return NOT_AN_INTEGER;
  const timeoutMs = parseInteger(argv[2] as string);
  if (timeoutMs === undefined) return error('ERR timeout is not an integer or out of range');
  if (timeoutMs < 0) return error('ERR timeout is negative');
  return replication.service.wait(context.client, count, timeoutMs, context.mayBlock);
}

const replicaofRow = {
  arity: 3,
  flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
  categories: [],
  keySpecs: [],
  summary: 'Makes this node a replica of another, or a master again with NO ONE',
  group: 'server',
  complexity: 'O(1)',
  handler: replicaof,
} as const satisfies Partial<CommandRow>;

export const roleRows: readonly CommandRow[] = [
  { ...replicaofRow, name: 'replicaof', since: '5.0.0' },
  { ...replicaofRow, name: 'slaveof', since: '1.0.0' },
  {
    name: 'role',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast'],
    categories: ['admin', 'dangerous'],
    keySpecs: [],
    summary: 'Tells whether this node is a master or a replica, and of whom',
    since: '2.8.12',
    group: 'server',
    complexity: 'O(1)',
    handler: (context) => context.node.replication.roleReply(),
  },
  {
    name: 'wait',
    arity: 3,
    flags: ['noscript'],
    categories: ['connection'],
    keySpecs: [],
    summary: 'Waits until replicas have acknowledged what was written so far',
    since: '3.0.0',
    group: 'generic',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
    handler: wait,
  },
];
