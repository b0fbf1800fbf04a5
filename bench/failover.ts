/**
 * Owns the benchmark of a failover beside redis-server's: from kill -9 of a master until its replica accepts the first write.
 * Three masters and a replica of each, of one kind, with the same node timeout.
 */
import { parseNodes } from '../src/protocol/text/nodes.ts';
import { type LiveCluster, startCluster } from '../test/helpers/live-cluster.ts';
import { RawConnection } from '../test/helpers/raw-connection.ts';
import { until } from '../test/helpers/servers.ts';
import { slotTags } from '../test/helpers/slot-tags.ts';
import { median, milliseconds, type Row } from './measure.ts';
import type { PlainEngine } from './plain-server.ts';

const nodeTimeoutMs = 1000;
/** Each on a new cluster. Half a second of it is the delay that an election draws by chance: one round says little. */
const rounds = 7;

/** Ms until a client's write is accepted again. */
async function failover(live: LiveCluster): Promise<number> {
  const connection = await RawConnection.open(live.ports[0] ?? 0);
  const lines = parseNodes(await connection.text('CLUSTER', 'NODES'));
  connection.close();
  const master = lines.find(({ slots }) => slots.some(({ first }) => first === 0));
  const replica = lines.find(({ masterId }) => masterId === master?.id);
  const client = await RawConnection.open(replica?.port ?? 0);
  await until(
    async () => (await client.text('INFO', 'replication')).includes('master_link_status:up'),
    'the replica in sync',
  );
  // Nodes have met a moment ago: pings go round at their usual pace only after a while.
  await new Promise((resolve) => setTimeout(resolve, 2 * nodeTimeoutMs));
  const key = slotTags()[0] ?? '';
  const startMs = performance.now();
  await live.kill(live.ports.indexOf(master?.port ?? 0));
  // Until the replica serves the slot, it answers with an error.
  await until(async () => String(await client.call('SET', key, 'x')) === 'OK', 'the first write');
  const tookMs = performance.now() - startMs;
  client.close();
  return tookMs;
}

async function failoverOnNew(engine: PlainEngine): Promise<number> {
  const live = await startCluster(6, { engine, replicas: 1, nodeTimeoutMs });
  try {
    return await failover(live);
  } finally {
    await live.stop();
  }
}

export async function failoverRows(): Promise<Row[]> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    times[0].push(await failoverOnNew('bundled'));
    times[1].push(await failoverOnNew('redis-server'));
  }
  const [ours, peer] = [median(times[0]), median(times[1])];
  return [
    {
      name: `from kill -9 of a master to the first accepted write, node timeout ${nodeTimeoutMs} ms; redis-server`,
      ours: milliseconds(ours),
      peer: milliseconds(peer),
      figure: `${(ours / peer).toFixed(2)} x`,
      goal: '<= 1.25 x',
      met: ours / peer <= 1.25,
    },
  ];
}
