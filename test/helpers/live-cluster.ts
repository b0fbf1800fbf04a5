/** Owns servers that are a cluster already: made with trib's own operation, serving clients. */
import { countSlots } from '../../src/cluster/topology.ts';
import { create } from '../../src/execute/operations/create.ts';
import type { Engine } from '../../src/local/engine.ts';
import { formatRanges, type SlotRange } from '../../src/protocol/slots/slot-set.ts';
import { parseNodes } from '../../src/protocol/text/nodes.ts';
import { RawConnection } from './raw-connection.ts';
import { type Servers, type ServersOptions, startServers } from './servers.ts';
import { normalise } from './transcript.ts';

export interface LiveCluster extends Servers {
  readonly ports: readonly number[];
  readonly ids: ReadonlyMap<number, string>;
  idOf(index: number): string;
  /** With ports and ids that are the same on every run. */
  normalise(text: string): string;
}

export interface LiveClusterOptions extends ServersOptions {
  readonly replicas?: number;
  readonly password?: string;
  /** redis-server unless said otherwise. */
  readonly engine?: Engine;
}

/** `count` servers. They serve clients when this returns. */
export async function startCluster(count: number, options: LiveClusterOptions = {}): Promise<LiveCluster> {
  return startPartly(count, count, options);
}

/** `count` servers, of which the first so many are a cluster; the others are alone. */
export async function startPartly(
  count: number,
  members: number,
  options: LiveClusterOptions = {},
): Promise<LiveCluster> {
  const live = await startAlone(count, { nodeTimeoutMs: 1000, ...options });
  try {
    const nodes = live.ports.slice(0, members).map((port) => ({ host: '127.0.0.1', port }));
    const { password, replicas = 0 } = options;
    const credentials = password === undefined ? undefined : { username: undefined, password };
    for await (const event of create({ nodes, replicas, waitServing: true, credentials })) {
      if (event.type === 'finished' && !event.ok) throw new Error('the cluster is not healthy');
    }
    return live;
  } catch (error) {
    await live.stop();
    throw error;
  }
}

/** The same, each alone. */
export async function startAlone(count: number, options: LiveClusterOptions = {}): Promise<LiveCluster> {
  const servers = byPort(await startServers(Array(count).fill(options.engine ?? 'redis-server'), options));
  const ports = servers.nodes.map(({ port }) => port);
  const ids = new Map<number, string>();
  for (const port of ports) {
    const connection = await RawConnection.open(port);
    if (options.password !== undefined) await connection.text('AUTH', options.password);
    ids.set(port, await connection.text('CLUSTER', 'MYID'));
    connection.close();
  }
  return {
    ...servers,
    ports,
    ids,
    idOf: (index) => ids.get(ports[index] ?? 0) ?? '',
    normalise: (text) => normalise(text, ports, ids),
  };
}

/** Free ports come in any order; the order of what is shown must not depend on it. */
function byPort(servers: Servers): Servers {
  const order = servers.nodes.map((_, index) => index);
  order.sort((a, b) => (servers.nodes[a]?.port ?? 0) - (servers.nodes[b]?.port ?? 0));
  const placeOf = (index: number): number => order[index] ?? index;
  return {
    nodes: order.flatMap((index) => servers.nodes[index] ?? []),
    addresses: order.map((index) => servers.addresses[index] ?? ''),
    dirOf: (index) => servers.dirOf(placeOf(index)),
    kill: (index) => servers.kill(placeOf(index)),
    stop: servers.stop,
  };
}

/** What each of the nodes replies to a command, as text. */
export async function textsOf({ ports }: LiveCluster, ...command: string[]): Promise<string[]> {
  const replies: string[] = [];
  for (const port of ports) {
    const connection = await RawConnection.open(port);
    replies.push(await connection.text(...command));
    connection.close();
  }
  return replies;
}

/** Keys on all nodes; those of replicas count as well. */
export async function countKeys(live: LiveCluster): Promise<number> {
  return (await textsOf(live, 'DBSIZE')).reduce((sum, count) => sum + Number(count), 0);
}

/** How many slots each node, as it sees itself, has. */
export async function slotCountsOf(live: LiveCluster): Promise<number[]> {
  const texts = await textsOf(live, 'CLUSTER', 'NODES');
  return texts.map((text) => countSlots(ownSlotsIn(text)));
}

/** Slots that each node, as it sees itself, has: "0-5460". */
export async function slotsOf(live: LiveCluster, index: number): Promise<string> {
  const connection = await RawConnection.open(live.ports[index] ?? 0);
  const text = await connection.text('CLUSTER', 'NODES');
  connection.close();
  return formatRanges(ownSlotsIn(text));
}

function ownSlotsIn(text: string): readonly SlotRange[] {
  return parseNodes(text).find(({ flags }) => flags.includes('myself'))?.slots ?? [];
}
