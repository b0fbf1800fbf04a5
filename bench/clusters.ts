/** Owns the clusters that the benchmarks run on: masters of redis-server, with known keys. */
import { parseNodes } from '../src/protocol/text/nodes.ts';
import { RawConnection } from '../test/helpers/raw-connection.ts';
import { redisCli } from '../test/helpers/run.ts';
import { type Servers, startServers, until } from '../test/helpers/servers.ts';
import { slotTags } from '../test/helpers/slot-tags.ts';

/** Three redis-server masters, made a cluster by redis-cli; each owns a third of the slots in order. */
export async function threeMasters(): Promise<Servers> {
  const servers = await startServers(['redis-server', 'redis-server', 'redis-server']);
  const made = await redisCli(['--cluster', 'create', ...servers.addresses, '--cluster-yes']);
  if (made.code !== 0) throw new Error(made.stdout);
  await untilOk(servers);
  return servers;
}

/** Every node says cluster_state:ok. */
export async function untilOk(servers: Servers): Promise<void> {
  for (const { port } of servers.nodes) {
    const connection = await RawConnection.open(port);
    await until(
      async () => (await connection.text('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      'cluster_state:ok',
    );
    connection.close();
  }
}

/** The ids of the masters, in the order of the servers. */
export async function idsOf(servers: Servers): Promise<string[]> {
  const connection = await RawConnection.open(servers.nodes[0]?.port ?? 0);
  const lines = parseNodes(await connection.text('CLUSTER', 'NODES'));
  connection.close();
  return servers.nodes.map(({ port }) => lines.find((line) => line.port === port)?.id ?? '');
}

/** Every node gives the same answer to CLUSTER SLOTS. */
export async function untilAgreed(ports: readonly number[]): Promise<void> {
  const connections = await Promise.all(ports.map((port) => RawConnection.open(port)));
  await until(async () => {
    const views = await Promise.all(
      connections.map(async (c) => JSON.stringify(await c.call('CLUSTER', 'SLOTS'))),
    );
    return new Set(views).size === 1;
  }, 'all nodes to agree');
  for (const connection of connections) connection.close();
}

export interface Filling {
  readonly firstSlot: number;
  readonly slots: number;
  readonly keysEach: number;
  readonly bytesEach: number;
}

/** Puts keys into the slots, on the node at `port` that owns them. */
export async function fillSlots(port: number, filling: Filling): Promise<void> {
  const tags = slotTags();
  const { firstSlot, slots, keysEach, bytesEach } = filling;
  const value = 'x'.repeat(bytesEach);
  const connection = await RawConnection.open(port);
  for (let slot = firstSlot; slot < firstSlot + slots; slot++) {
    const commands = Array.from({ length: keysEach }, (_, index) => [
      'SET',
      `{${tags[slot]}}:${index}`,
      value,
    ]);
    const replies = await connection.pipeline(commands);
    const refused = replies.find((reply) => String(reply) !== 'OK');
    if (refused !== undefined) throw new Error(`slot ${slot} could not be filled: ${String(refused)}`);
  }
  connection.close();
}
