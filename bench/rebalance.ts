/** Owns the benchmark of a rebalance beside redis-cli: three masters with 300,000 keys, three that join without slots. */
import { RawConnection } from '../test/helpers/raw-connection.ts';
import { redisCli } from '../test/helpers/run.ts';
import { type Servers, startServers } from '../test/helpers/servers.ts';
import { fillSlots, untilAgreed, untilOk } from './clusters.ts';
import { fasterRow, median, type Row, timeCommand } from './measure.ts';
import { pauseRow, watchPauses } from './pause-watch.ts';

const rounds = 3;
/** 300,000 keys: 19 in each of the first slots, 18 in the others. Each range is one master's. */
const fillings = [
  { master: 0, firstSlot: 0, slots: 5088, keysEach: 19 },
  { master: 0, firstSlot: 5088, slots: 373, keysEach: 18 },
  { master: 1, firstSlot: 5461, slots: 5462, keysEach: 18 },
  { master: 2, firstSlot: 10923, slots: 5461, keysEach: 18 },
];

async function sixMasters(): Promise<Servers> {
  const servers = await startServers(Array(6).fill('redis-server'));
  try {
    const first = servers.addresses.slice(0, 3);
    const made = await redisCli(['--cluster', 'create', ...first, '--cluster-yes']);
    if (made.code !== 0) throw new Error(made.stdout);
    await untilOk({ ...servers, nodes: servers.nodes.slice(0, 3) });
    for (const { master, ...filling } of fillings) {
      await fillSlots(servers.nodes[master]?.port ?? 0, { ...filling, bytesEach: 100 });
    }
    for (const { port } of servers.nodes.slice(3)) {
      const connection = await RawConnection.open(port);
      await connection.text('CLUSTER', 'MEET', '127.0.0.1', servers.nodes[0]?.port ?? 0);
      connection.close();
    }
    // Both tools start from a cluster in which all know each other and serve.
    await untilOk(servers);
    await untilAgreed(servers.nodes.map(({ port }) => port));
    return servers;
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

export async function rebalanceRows(): Promise<Row[]> {
  const times: [number[], number[]] = [[], []];
  const pauses: [number[], number[]] = [[], []];
  const idlePauses: number[] = [];
  for (let run = 0; run < rounds * times.length; run++) {
    const servers = await sixMasters();
    try {
      const [seed = ''] = servers.addresses;
      const idle = await watchPauses(servers.nodes[0]?.port ?? 0, 'a');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      idlePauses.push(await idle.end());
      const watch = await watchPauses(servers.nodes[0]?.port ?? 0, 'a');
      const tookMs =
        run % 2 === 0
          ? timeCommand(process.execPath, ['bin/run.js', 'rebalance', seed, '--use-empty-masters', '--yes'])
          : timeCommand('redis-cli', ['--cluster', 'rebalance', seed, '--cluster-use-empty-masters']);
      times[run % 2]?.push(tookMs);
      pauses[run % 2]?.push(await watch.end());
    } finally {
      await servers.stop();
    }
  }
  return [
    fasterRow(
      'rebalance from three to six masters, 300,000 keys of 100 B; redis-cli',
      median(times[0]),
      median(times[1]),
      5,
    ),
    pauseRow('that rebalance; redis-cli', median(pauses[0]), median(pauses[1]), median(idlePauses)),
  ];
}
