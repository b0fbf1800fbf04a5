/**
 * Owns what DEBUG does to the bus, for tests: CLUSTERLINK KILL and DROP-CLUSTER-PACKET-FILTER.
 * Source: Redis 7.0 debug.c debugCommand.
 */
import { error, OK } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER } from '../../command/errors.ts';
import type { Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

export const clusterDebugHelp: readonly string[] = [
  'DROP-CLUSTER-PACKET-FILTER <packet-type>',
  '    Drop all packets that match the filtered type. Set to -1 allow all packets.',
  'CLUSTERLINK KILL <to|from|all> <node-id>',
  '    Kills the link based on the direction to/from (both) with the provided node.',
];

/** Undefined when `argv` is about something else. */
export function debugCluster({ node }: Context, argv: readonly string[]): Reply | undefined {
  const word = (argv[1] as string).toLowerCase();
  const { cluster } = node;
  if (word === 'drop-cluster-packet-filter' && argv.length === 3) {
    const type = parseInteger(argv[2] as string);
    if (type === undefined) return NOT_AN_INTEGER;
    if (cluster !== undefined) cluster.machine.core.droppedType = type;
    return OK;
  }
  if (word !== 'clusterlink' || argv.length !== 5 || argv[2]?.toLowerCase() !== 'kill') return undefined;
  const [, , , direction = '', nodeId = ''] = argv;
  if (cluster === undefined) return error('ERR Debug option only available for cluster mode enabled setup!');
  const kind = direction.toLowerCase();
  if (kind !== 'to' && kind !== 'from' && kind !== 'all') return error(`ERR Unknown direction ${direction}`);
  return cluster.killLinks(kind, nodeId) ? OK : error(`ERR Unknown node ${nodeId}`);
}
