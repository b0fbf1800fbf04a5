/**
 * Owns CLUSTER's subcommands that change who is in the cluster, and this node's place in it.
 * Source: Redis 7.0 cluster.c clusterCommand.
 */
import { error, integer, OK, simple } from '../../../protocol/resp/encode.ts';
import { bumpConfigEpoch } from '../../bus/epochs.ts';
import { countFailureReports } from '../../bus/failure-detection.ts';
import { startHandshake } from '../../bus/handshake.ts';
import { type FailoverKind, failover } from '../../bus/manual-failover.ts';
import { forget, replicate, reset, setConfigEpoch } from '../../bus/operator.ts';
import { BUS_PORT_OFFSET } from '../../bus/settings.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, unknownSubcommand } from '../../command/errors.ts';
import type { CommandRow } from '../../command/row.ts';
import type { Cluster } from '../../parts/cluster.ts';
import { CHANGES, subcommand, VARIES } from './row.ts';

function answer(refusal: string | undefined): string {
  return refusal === undefined ? OK : error(refusal);
}

function meet({ machine }: Cluster, argv: readonly string[]): string {
  const [, subcommandName = '', ip = '', portText = '', busPortText] = argv;
  if (argv.length > 5) return unknownSubcommand('CLUSTER', subcommandName);
  const port = parseInteger(portText);
  if (port === undefined) return error(`ERR Invalid TCP base port specified: ${portText}`);
  const busPort = busPortText === undefined ? port + BUS_PORT_OFFSET : parseInteger(busPortText);
  if (busPort === undefined) return error(`ERR Invalid TCP bus port specified: ${busPortText}`);
  return startHandshake(machine.core, ip, port, busPort)
    ? OK
    : error(`ERR Invalid node address specified: ${ip}:${portText}`);
}

const failoverKinds: ReadonlyMap<string, FailoverKind> = new Map([
  ['', 'coordinated'],
  ['force', 'force'],
  ['takeover', 'takeover'],
]);

export const nodeRows: readonly CommandRow[] = [
  subcommand(
    'bumpepoch',
    2,
    CHANGES,
    { summary: 'Advance the cluster config epoch', tips: VARIES },
    ({ machine: { core } }) => {
      const bumped = bumpConfigEpoch(core);
      return simple(`${bumped ? 'BUMPED' : 'STILL'} ${core.state.myself.configEpoch}`);
    },
  ),
  subcommand(
    'count-failure-reports',
    3,
    ['admin', 'stale'],
    {
      summary: 'Return the number of failure reports active for a given node',
      complexity: 'O(N) where N is the number of failure reports',
      tips: VARIES,
    },
    ({ machine: { core } }, _context, argv) => {
      const node = core.state.node(argv[2] as string);
      return node === undefined
        ? error(`ERR Unknown node ${argv[2]}`)
        : integer(countFailureReports(core, node));
    },
  ),
  subcommand(
    'failover',
    -2,
    CHANGES,
    { summary: 'Forces a replica to perform a manual failover of its master.' },
    (cluster, _context, argv) => {
      const kind = failoverKinds.get((argv[2] ?? '').toLowerCase());
      if (argv.length > 3) return unknownSubcommand('CLUSTER', argv[1] as string);
      return kind === undefined ? SYNTAX_ERROR : answer(failover(cluster.machine.core, kind));
    },
  ),
  subcommand(
    'forget',
    3,
    CHANGES,
    { summary: 'Remove a node from the nodes table' },
    ({ machine }, _context, argv) => answer(forget(machine.core, argv[2] as string)),
  ),
  subcommand(
    'meet',
    -4,
    CHANGES,
    { summary: 'Force a node cluster to handshake with another node' },
    (cluster, _context, argv) => meet(cluster, argv),
  ),
  subcommand(
    'replicate',
    3,
    CHANGES,
    { summary: 'Reconfigure a node as a replica of the specified master node' },
    ({ machine }, { node }, argv) =>
      answer(replicate(machine.core, argv[2] as string, node.databases[0]?.size === 0)),
  ),
  subcommand(
    'reset',
    -2,
    ['admin', 'noscript', 'stale'],
    {
      summary: 'Reset a Redis Cluster node',
      complexity:
        'O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.',
    },
    ({ machine: { core } }, { db }, argv) => {
      if (argv.length > 3) return unknownSubcommand('CLUSTER', argv[1] as string);
      const kind = (argv[2] ?? 'soft').toLowerCase();
      if (kind !== 'soft' && kind !== 'hard') return SYNTAX_ERROR;
      if (core.state.myself.isMaster && db.size !== 0)
        return error("ERR CLUSTER RESET can't be called with master nodes containing keys");
      reset(core, kind === 'hard');
      return OK;
    },
  ),
  subcommand(
    'saveconfig',
    2,
    CHANGES,
    { summary: 'Forces the node to save cluster state on disk' },
    (cluster) => {
      const problem = cluster.saveConfig();
      return problem === undefined ? OK : error(`ERR error saving the cluster node config: ${problem}`);
    },
  ),
  subcommand(
    'set-config-epoch',
    3,
    CHANGES,
    { summary: 'Set the configuration epoch in a new node' },
    ({ machine }, _context, argv) => {
      const epoch = parseInteger(argv[2] as string);
      // Beyond 2^53 an epoch could not be told from the next one. None gets there by itself.
      if (epoch === undefined || epoch > Number.MAX_SAFE_INTEGER) return NOT_AN_INTEGER;
      return answer(setConfigEpoch(machine.core, epoch));
    },
  ),
];
