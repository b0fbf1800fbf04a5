/**
 * `npm run bench`: trib beside redis-cli and redis-server in one run, as ratios. Names on the command line choose
 * groups: see the table below.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers, until } from '../test/helpers/servers.ts';
import { clientPauseRows } from './client-pause.ts';
import { fillSlots, idsOf, threeMasters, untilAgreed, untilOk } from './clusters.ts';
import { dataRows } from './data.ts';
import { failoverRows } from './failover.ts';
import { largeClusterRows } from './large-cluster.ts';
import { aboveRow, fasterRow, median, printTable, type Row, timeByTurns, timeCommand } from './measure.ts';
import { nodeSpeed } from './node-speed.ts';
import { rdbRows } from './rdb.ts';
import { rebalanceRows } from './rebalance.ts';
import { replicationRows } from './replication.ts';
import { slowNetworkRows } from './slow-network.ts';

const node = process.execPath;
const tribJs = 'bin/run.js';

/** Moves the same slots to and fro by three tools; medians in ms: trib, redis-cli, redis-cli with a pipeline of 100. */
async function reshardTimes(
  slots: number,
  keysEach: number,
  rounds: number,
): Promise<[number, number, number]> {
  const servers = await threeMasters();
  try {
    const [seed = ''] = servers.addresses;
    const [a = '', b = ''] = await idsOf(servers);
    const filling = { firstSlot: 0, slots, keysEach, bytesEach: 100 };
    if (keysEach > 0) await fillSlots(servers.nodes[0]?.port ?? 0, filling);
    const tools = reshardTools(seed, slots);
    const times: [number[], number[], number[]] = [[], [], []];
    let [from, to] = [a, b];
    for (let round = 0; round < rounds; round++) {
      for (const [index, tool] of tools.entries()) {
        times[index]?.push(tool(from, to));
        [from, to] = [to, from];
        // The other nodes learn of the last owners by gossip: each tool starts from an agreed cluster.
        await untilAgreed(servers.nodes.map(({ port }) => port));
      }
    }
    return [median(times[0]), median(times[1]), median(times[2])];
  } finally {
    await servers.stop();
  }
}

type Reshard = (from: string, to: string) => number;

/** How long each tool takes, in ms: trib, redis-cli, redis-cli with a pipeline of 100. */
function reshardTools(seed: string, slots: number): readonly [Reshard, Reshard, Reshard] {
  const byRedisCli =
    (...more: readonly string[]): Reshard =>
    (from, to) =>
      timeCommand('redis-cli', [
        ...['--cluster', 'reshard', seed, '--cluster-from', from, '--cluster-to', to],
        ...['--cluster-slots', String(slots), '--cluster-yes', ...more],
      ]);
  const byTrib: Reshard = (from, to) =>
    timeCommand(node, [
      tribJs,
      'reshard',
      seed,
      '--from',
      from,
      '--to',
      to,
      '--slots',
      String(slots),
      '--yes',
    ]);
  return [byTrib, byRedisCli(), byRedisCli('--cluster-pipeline', '100')];
}

/** The third master takes from both others, on a new cluster for each run: medians in ms of each tool. */
async function reshardFromAllTimes(
  slots: number,
  keysEach: number,
  rounds: number,
): Promise<[number, number, number]> {
  const times: [number[], number[], number[]] = [[], [], []];
  for (let run = 0; run < rounds * times.length; run++) {
    const servers = await threeMasters();
    try {
      const [seed = ''] = servers.addresses;
      const [, , target = ''] = await idsOf(servers);
      // Each source gives its lowest slots, about half of all: a few more than that are filled.
      for (const [index, firstSlot] of [0, 5461].entries()) {
        const filling = { firstSlot, slots: slots / 2 + 5, keysEach, bytesEach: 100 };
        await fillSlots(servers.nodes[index]?.port ?? 0, filling);
      }
      const which = run % times.length;
      const tool = reshardTools(seed, slots)[which];
      if (tool !== undefined) times[which]?.push(tool('all', target));
    } finally {
      await servers.stop();
    }
  }
  return [median(times[0]), median(times[1]), median(times[2])];
}

async function reshardRows(): Promise<Row[]> {
  const [full, fullCli, fullPiped] = await reshardTimes(1000, 61, 3);
  const [all, allCli, allPiped] = await reshardFromAllTimes(1000, 61, 3);
  const [empty, emptyCli] = await reshardTimes(4096, 0, 3);
  return [
    fasterRow('reshard 1000 slots x 61 keys of 100 B; redis-cli', full, fullCli, 6),
    fasterRow(
      'reshard 1000 slots x 61 keys of 100 B; redis-cli --cluster-pipeline 100',
      full,
      fullPiped,
      1.7,
    ),
    fasterRow('the same from two masters to the third; redis-cli', all, allCli, 6),
    fasterRow('the same from two masters to the third; redis-cli --cluster-pipeline 100', all, allPiped, 1.7),
    fasterRow('reshard 4096 empty slots; redis-cli', empty, emptyCli, 5),
  ];
}

async function createRow(): Promise<Row> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < 3; round++) {
    for (const which of [0, 1] as const) {
      const servers = await startServers(Array(6).fill('redis-server'));
      try {
        times[which].push(
          which === 0
            ? timeCommand(node, [tribJs, 'create', ...servers.addresses, '--replicas', '1', '--yes'])
            : timeCommand('redis-cli', [
                ...['--cluster', 'create', ...servers.addresses],
                ...['--cluster-replicas', '1', '--cluster-yes'],
              ]),
        );
      } finally {
        await servers.stop();
      }
    }
  }
  return fasterRow('create of 3+3 redis-servers; redis-cli', median(times[0]), median(times[1]), 1);
}

function upRow(): Row {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const dir = mkdtempSync(join(tmpdir(), 'trib-bench-'));
    times.push(timeCommand(node, [tribJs, 'up', '--port', '0', '--dir', dir, '--detach']));
    timeCommand(node, [tribJs, 'down', '--dir', dir]);
    rmSync(dir, { recursive: true, force: true });
  }
  const tookMs = median(times);
  return {
    name: 'trib up: 3+3 bundled nodes, converged, replicas online',
    ours: `${tookMs.toFixed(0)} ms`,
    peer: '-',
    figure: `${(tookMs / 1000).toFixed(2)} s`,
    goal: '<= 1.5 s',
    met: tookMs <= 1500,
  };
}

async function startRows(): Promise<Row[]> {
  const servers = await startServers(Array(6).fill('redis-server'));
  try {
    const [seed = ''] = servers.addresses;
    timeCommand('redis-cli', [
      '--cluster',
      'create',
      ...servers.addresses,
      '--cluster-replicas',
      '1',
      '--cluster-yes',
    ]);
    await untilOk(servers);
    // The longest of the delays before a first synchronisation is redis-server's own: five seconds.
    await until(async () => timeCheck(seed) !== undefined, 'a clean check', 20_000);
    const [bare = 0, version = 0, check = 0] = timeByTurns(15, [
      [node, ['-e', '0']],
      [node, [tribJs, '--version']],
      [node, [tribJs, 'check', seed]],
    ]);
    return [
      aboveRow('trib --version', version, bare, 40),
      aboveRow('trib check, six healthy nodes', check, bare, 120),
    ];
  } finally {
    await servers.stop();
  }
}

function timeCheck(seed: string): number | undefined {
  try {
    return timeCommand(node, [tribJs, 'check', seed]);
  } catch {
    return undefined;
  }
}

const groups: Readonly<Record<string, () => Promise<Row[]>>> = {
  reshard: reshardRows,
  pause: clientPauseRows,
  rebalance: rebalanceRows,
  start: async () => [...(await startRows()), await createRow(), upRow()],
  large: largeClusterRows,
  slow: slowNetworkRows,
  data: dataRows,
  node: nodeSpeed,
  rdb: rdbRows,
  replication: replicationRows,
  failover: failoverRows,
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => groups[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `No such group: ${unknown.join(', ')}. Choose from: ${Object.keys(groups).join(', ')}.\n`,
  );
  process.exitCode = 2;
} else {
  const rows: Row[] = [];
  for (const [name, group] of Object.entries(groups)) {
    if (chosen.length === 0 || chosen.includes(name)) rows.push(...(await group()));
  }
  printTable(rows);
}
