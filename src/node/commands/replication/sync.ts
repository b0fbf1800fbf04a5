/**
 * Owns the commands that replicas send: PSYNC, SYNC, REPLCONF. Source: Redis replication.c syncCommand,
 * replconfCommand.
 */
import { error, OK } from '../../../protocol/resp/encode.ts';
import { splitArgs } from '../../../protocol/resp/split-args.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, NO_REPLY, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { ReplicaOptions } from '../../parts/replication.ts';
import { describeClient } from '../../server/describe.ts';

const MAX_HOST_LENGTH = 255;

/** PSYNC id offset [FAILOVER]: with FAILOVER this replica is to take its master's place first. */
function psync(context: Context, argv: readonly string[]): Reply {
  const { replication, log } = context.node;
  if (context.client.kind === 'replica') return NO_REPLY;
  const id = argv[1] as string;
  if (argv[3]?.toLowerCase() === 'failover') {
    log('warning', `Failover request received for replid ${id}.`);
    if (replication.role === 'master') return error("ERR PSYNC FAILOVER can't be sent to a master.");
    if (id.toLowerCase() !== replication.replicationId)
      return error('ERR PSYNC FAILOVER replid must match my replid.');
    replication.follow(undefined);
    log(
      'notice',
      `MASTER MODE enabled (failover request from '${describeClient(context.client, context.nowMs)}')`,
    );
  }
  return replication.service.sync(context.client, { id, offset: parseInteger(argv[2] as string) });
}

function sync(context: Context): Reply {
  if (context.client.kind === 'replica') return NO_REPLY;
  return context.node.replication.service.sync(context.client, undefined);
}

/** What each option does; an encoded error, or NO_REPLY to end the command without an answer. */
const options: Readonly<
  Record<string, (value: string, replica: ReplicaOptions, context: Context) => Reply | undefined>
> = {
  'listening-port'(value, replica) {
    const port = parseInteger(value);
    if (port === undefined) return NOT_AN_INTEGER;
    replica.listeningPort = port;
    return undefined;
  },
  'ip-address'(value, replica) {
    if (value.length > MAX_HOST_LENGTH)
      return error(`ERR REPLCONF ip-address provided by replica instance is too long: ${value.length} bytes`);
    replica.announcedIp = value;
    return undefined;
  },
  capa(value, replica) {
    const capability = value.toLowerCase();
    if (capability === 'eof') replica.eofCapable = true;
    else if (capability === 'psync2') replica.psync2Capable = true;
    return undefined;
  },
  ack(value, _replica, context) {
    const offset = parseInteger(value);
    if (offset !== undefined) context.node.replication.service.acknowledge(context.client, offset);
    return NO_REPLY;
  },
  // Only a master asks, in its stream; the link to it answers there.
  getack: () => NO_REPLY,
  'rdb-only'(value, replica) {
    const flag = parseInteger(value);
    if (flag === undefined) return NOT_AN_INTEGER;
    if (flag !== 0 && flag !== 1) return error('ERR value is out of range, value must between 0 and 1');
    replica.rdbOnly = flag === 1;
    return undefined;
  },
  'rdb-filter-only'(value, replica) {
    const filters = splitArgs(value);
    if (filters === undefined) return error('ERR Missing rdb-filter-only values');
    const unknown = filters.find((filter) => filter.toLowerCase() !== 'functions');
    replica.excludeData = true;
    replica.excludeFunctions = !filters.some((filter) => filter.toLowerCase() === 'functions');
    return unknown === undefined ? undefined : error(`ERR Unsupported rdb-filter-only option: ${unknown}`);
  },
};

function replconf(context: Context, argv: readonly string[]): Reply {
  if (argv.length % 2 === 0) return SYNTAX_ERROR;
  const replica = context.node.replication.service.optionsOf(context.client);
  for (let at = 1; at < argv.length; at += 2) {
    const name = (argv[at] as string).toLowerCase();
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) return error(`ERR Unrecognized REPLCONF option: ${argv[at]}`);
    const reply = option(argv[at + 1] as string, replica, context);
    if (reply !== undefined) return reply;
  }
  return OK;
}

export const syncRows: readonly CommandRow[] = [
  {
    name: 'psync',
    arity: -3,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    categories: [],
    keySpecs: [],
    summary: 'Makes the client a replica, from an offset of a replication history if possible',
    since: '2.8.0',
    group: 'server',
    handler: psync,
  },
  {
    name: 'sync',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    categories: [],
    keySpecs: [],
    summary: 'Makes the client a replica with a full synchronisation',
    since: '1.0.0',
    group: 'server',
    handler: sync,
  },
  {
    name: 'replconf',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
    categories: [],
    keySpecs: [],
    summary: 'Tells a master about its replica, and what the replica has received',
    since: '3.0.0',
    group: 'server',
    complexity: 'O(1)',
    handler: replconf,
  },
];
