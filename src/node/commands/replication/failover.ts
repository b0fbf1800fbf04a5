/** Owns FAILOVER: its words. What it does is the replication's. Source: Redis replication.c failoverCommand. */
import { error, OK } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { FailoverRequest, MasterAddress } from '../../parts/replication.ts';

/** The request, or an encoded error. */
function parse(argv: readonly string[]): FailoverRequest | string {
  let target: MasterAddress | undefined;
  let timeoutMs: number | undefined;
  let force = false;
  for (let at = 1; at < argv.length; at++) {
    const word = (argv[at] as string).toLowerCase();
    if (word === 'timeout' && at + 1 < argv.length && timeoutMs === undefined) {
      timeoutMs = parseInteger(argv[++at] as string);
      if (timeoutMs === undefined) return NOT_AN_INTEGER;
      if (timeoutMs <= 0) return error('ERR FAILOVER timeout must be greater than 0');
    } else if (word === 'to' && at + 2 < argv.length && target === undefined) {
      const host = argv[++at] as string;
      const port = parseInteger(argv[++at] as string);
      if (port === undefined) return NOT_AN_INTEGER;
      target = { host, port };
    } else if (word === 'force' && !force) {
      force = true;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return { target, force, timeoutMs };
}

function failover(context: Context, argv: readonly string[]): Reply {
  const { replication, cluster } = context.node;
  const { service } = replication;
  if (cluster !== undefined)
    return error('ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.');
  if (argv.length === 2 && (argv[1] as string).toLowerCase() === 'abort')
    return service.abortFailover() ? OK : error('ERR No failover in progress.');
  const request = parse(argv);
  if (typeof request === 'string') return request;
  const refusal = service.failover(request);
  return refusal === undefined ? OK : error(refusal);
}

export const failoverRow: CommandRow = {
  name: 'failover',
  arity: -1,
  flags: ['admin', 'noscript', 'stale'],
  categories: [],
  keySpecs: [],
  summary: 'Hands the role of this master over to one of its replicas, without losing a write',
  since: '6.2.0',
  group: 'server',
  complexity: 'O(1)',
  handler: failover,
};
