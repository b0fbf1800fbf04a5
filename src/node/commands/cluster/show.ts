/**
 * Owns CLUSTER's subcommands that show the cluster as this node sees it.
 * Source: Redis 7.0 cluster.c clusterCommand, clusterReplyMultiBulkSlots, clusterReplyShards,
 * addReplyClusterLinksDescription.
 */
import {
  array,
  bulk,
  bulkArray,
  error,
  integer,
  map,
  nullBulk,
  type RespVersion,
  simple,
  verbatim,
} from '../../../protocol/resp/encode.ts';
import { SLOT_COUNT } from '../../../protocol/slots/key-slot.ts';
import { formatNodeLine } from '../../../protocol/text/nodes.ts';
import type { ClusterNode } from '../../bus/cluster-node.ts';
import { describeNode, nodesText } from '../../bus/describe.ts';
import type { BusLink } from '../../bus/link.ts';
import { portFor, preferredEndpoint } from '../../bus/routing.ts';
import type { CommandRow } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Cluster } from '../../parts/cluster.ts';
import { helpLines } from './help.ts';
import { type ClusterHandler, SHOWS, subcommand, VARIES } from './row.ts';

/** A node does not hear its own messages: its own offset is asked for. */
function offsetOf({ machine: { core } }: Cluster, node: ClusterNode): number {
  return node === core.state.myself ? core.host.replicationOffset : node.offset;
}

/** Where clients find the node, and in a map where else. */
function endpoint(node: ClusterNode, { node: parts, client, resp }: Context): string {
  const kind = parts.config.text('cluster-preferred-endpoint-type');
  const preferred = preferredEndpoint(node, parts.config);
  const others: string[] = [];
  if (kind !== 'ip') others.push(bulk('ip'), bulk(node.ip));
  if (kind !== 'hostname' && node.hostname !== '') others.push(bulk('hostname'), bulk(node.hostname));
  return array([
    preferred === undefined ? nullBulk(resp) : bulk(preferred),
    integer(portFor(client, node, parts.config)),
    bulk(node.id),
    map(others, resp),
  ]);
}

const showSlots: ClusterHandler = (cluster, context) => {
  const { state } = cluster.machine.core;
  const ranges: string[] = [];
  let first = 0;
  for (let slot = 1; slot <= SLOT_COUNT; slot++) {
    const owner = state.owner(first);
    if (slot < SLOT_COUNT && state.owner(slot) === owner) continue;
    if (owner !== undefined) {
      const replicas = owner.replicas.filter(
        (replica) => !replica.failed && offsetOf(cluster, replica) !== 0,
      );
      const nodes = [owner, ...replicas].map((node) => endpoint(node, context));
      ranges.push(array([integer(first), integer(slot - 1), ...nodes]));
    }
    first = slot;
  }
  return array(ranges);
};

function shardNode(cluster: Cluster, context: Context, node: ClusterNode): string {
  const offset = offsetOf(cluster, node);
  const health = node.failed ? 'fail' : node.isReplica && offset === 0 ? 'loading' : 'online';
  const fields = [bulk('id'), bulk(node.id)];
  const isTls = context.node.config.flag('tls-cluster');
  const plainPort = isTls ? node.plainPort : node.port;
  if (plainPort !== 0) fields.push(bulk('port'), integer(plainPort));
  if (isTls && node.port !== 0) fields.push(bulk('tls-port'), integer(node.port));
  fields.push(bulk('ip'), bulk(node.ip));
  fields.push(bulk('endpoint'), bulk(preferredEndpoint(node, context.node.config) ?? ''));
  if (node.hostname !== '') fields.push(bulk('hostname'), bulk(node.hostname));
  fields.push(bulk('role'), bulk(node.isReplica ? 'replica' : 'master'));
  fields.push(bulk('replication-offset'), integer(offset));
  fields.push(bulk('health'), bulk(health));
  return map(fields, context.resp);
}

const showShards: ClusterHandler = (cluster, context) =>
  array(
    cluster.machine.core.state.nodes
      .filter((node) => node.isMaster)
      .map((master) => {
        const edges = master.slots.ranges().flatMap(({ first, last }) => [integer(first), integer(last)]);
        const nodes = [master, ...master.replicas].map((node) => shardNode(cluster, context, node));
        return map([bulk('slots'), array(edges), bulk('nodes'), array(nodes)], context.resp);
      }),
  );

function linkFields(link: BusLink, node: ClusterNode, resp: RespVersion): string {
  const pendingBytes = link.handle?.pendingBytes ?? 0;
  const fields = [
    ['direction', bulk(link.inbound ? 'from' : 'to')],
    ['node', bulk(node.id)],
    ['create-time', integer(link.createdAtMs)],
    ['events', bulk(pendingBytes > 0 ? 'rw' : 'r')],
    ['send-buffer-allocated', integer(pendingBytes)],
    ['send-buffer-used', integer(pendingBytes)],
  ] as const;
  return map(
    fields.flatMap(([name, value]) => [bulk(name), value]),
    resp,
  );
}

const showLinks: ClusterHandler = ({ machine }, { resp }) =>
  array(
    machine.core.state.nodes.flatMap((node) =>
      [node.link, node.inboundLink]
        .filter((link) => link !== undefined)
        .map((link) => linkFields(link, node, resp)),
    ),
  );

const showReplicas: ClusterHandler = ({ machine }, { client, node: { config } }, argv) => {
  const { state } = machine.core;
  const master = state.node(argv[2] as string);
  if (master === undefined) return error(`ERR Unknown node ${argv[2]}`);
  if (master.isReplica) return error('ERR The specified node is not a master');
  return bulkArray(
    master.replicas.map((replica) =>
      formatNodeLine(describeNode(state, replica, portFor(client, replica, config))),
    ),
  );
};

const perNode = 'O(N) where N is the total number of Cluster nodes';

export const showRows: readonly CommandRow[] = [
  {
    ...subcommand(
      'help',
      2,
      ['loading', 'stale'],
      { summary: 'Show helpful text about the different subcommands', since: '5.0.0' },
      () => array(helpLines.map(simple)),
    ),
  },
  subcommand(
    'info',
    2,
    SHOWS,
    { summary: 'Provides info about Redis Cluster node state', tips: VARIES },
    (cluster, { resp }) =>
      verbatim(
        cluster
          .infoLines()
          .map((line) => `${line}\r\n`)
          .join(''),
        resp,
      ),
  ),
  subcommand(
    'links',
    2,
    SHOWS,
    {
      summary: 'Returns a list of all TCP links to and from peer nodes in cluster',
      complexity: perNode,
      since: '7.0.0',
      tips: VARIES,
    },
    showLinks,
  ),
  subcommand('myid', 2, SHOWS, { summary: 'Return the node id' }, (cluster) => bulk(cluster.myId)),
  subcommand(
    'nodes',
    2,
    SHOWS,
    { summary: 'Get Cluster config for the node', complexity: perNode, tips: VARIES },
    ({ machine }, { client, node: { config }, resp }) =>
      verbatim(
        nodesText(machine.core.state, true, (node) => portFor(client, node, config)),
        resp,
      ),
  ),
  subcommand(
    'replicas',
    3,
    ['admin', 'stale'],
    { summary: 'List replica nodes of the specified master node', since: '5.0.0', tips: VARIES },
    showReplicas,
  ),
  subcommand(
    'shards',
    2,
    SHOWS,
    {
      summary: 'Get array of cluster slots to node mappings',
      complexity: 'O(N) where N is the total number of cluster nodes',
      since: '7.0.0',
      tips: VARIES,
    },
    showShards,
  ),
  subcommand(
    'slaves',
    3,
    ['admin', 'stale'],
    { summary: 'List replica nodes of the specified master node', tips: VARIES },
    showReplicas,
  ),
  subcommand(
    'slots',
    2,
    SHOWS,
    { summary: 'Get array of Cluster slot to node mappings', complexity: perNode, tips: VARIES },
    showSlots,
  ),
];
