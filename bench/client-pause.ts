/** Owns the measuring of the longest pause that a client of the source sees while slots are moved. */
import { Worker } from 'node:worker_threads';
import { keySlot } from '../src/protocol/slots/key-slot.ts';
import { fillSlots, idsOf, threeMasters } from './clusters.ts';
import { median, milliseconds, type Row, timeCommand } from './measure.ts';

/** A client that asks again as soon as it has its answer, on a thread of its own: what runs here must not count. */
const client = `
  const { parentPort, workerData } = require('node:worker_threads');
  const socket = require('node:net').connect({ port: workerData.port, host: '127.0.0.1', noDelay: true });
  let [sentMs, longestMs] = [0, 0];
  const ask = () => { sentMs = performance.now(); socket.write('GET ' + workerData.key + '\\r\\n'); };
  socket.once('connect', () => { ask(); parentPort.postMessage('ready'); });
  socket.on('data', () => { longestMs = Math.max(longestMs, performance.now() - sentMs); ask(); });
  socket.on('error', () => {});
  parentPort.on('message', () => { parentPort.postMessage(longestMs); socket.destroy(); parentPort.close(); });
`;

const slots = 1000;
const rounds = 3;

type Reshard = (seed: string, from: string, to: string) => void;

const byTrib: Reshard = (seed, from, to) => {
  const ends = ['--from', from, '--to', to, '--slots', String(slots)];
  timeCommand(process.execPath, ['bin/run.js', 'reshard', seed, ...ends, '--yes']);
};

const byRedisCli =
  (...more: readonly string[]): Reshard =>
  (seed, from, to) => {
    const ends = ['--cluster-from', from, '--cluster-to', to, '--cluster-slots', String(slots)];
    timeCommand('redis-cli', ['--cluster', 'reshard', seed, ...ends, '--cluster-yes', ...more]);
  };

/** The longest wait of a client for an answer of the source, in ms. */
async function longestPauseMs(reshard: Reshard | undefined): Promise<number> {
  const servers = await threeMasters();
  try {
    const [a = '', b = ''] = await idsOf(servers);
    const port = servers.nodes[0]?.port ?? 0;
    await fillSlots(port, { firstSlot: 0, slots, keysEach: 61, bytesEach: 100 });
    // A key that stays: of a slot of the source above those that go.
    const key = Array.from({ length: 1000 }, (_, index) => String(index)).find((text) => {
      const slot = keySlot(text);
      return slot > slots && slot < 5000;
    });
    const worker = new Worker(client, { eval: true, workerData: { port, key } });
    const answer = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve));
    await answer();
    if (reshard === undefined) await new Promise((resolve) => setTimeout(resolve, 1000));
    else reshard(servers.addresses[0] ?? '', a, b);
    const longest = answer();
    worker.postMessage('end');
    return Number(await longest);
  } finally {
    await servers.stop();
  }
}

export async function clientPauseRows(): Promise<Row[]> {
  const tools = [undefined, byTrib, byRedisCli(), byRedisCli('--cluster-pipeline', '100')];
  const pauses: number[][] = tools.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, tool] of tools.entries()) pauses[index]?.push(await longestPauseMs(tool));
  }
  const [idle = 0, ours = 0, theirs = 0, piped = 0] = pauses.map(median);
  const row = (name: string, peerMs: number): Row => ({
    name,
    ours: milliseconds(ours),
    peer: milliseconds(peerMs),
    figure: `${(ours / peerMs).toFixed(2)} x`,
    goal: '<= 5 ms + what an idle second has',
    met: ours <= 5 + idle,
  });
  return [
    row(`longest pause of a client during reshard (idle: ${milliseconds(idle)}); redis-cli`, theirs),
    row('longest pause of a client during reshard; redis-cli --cluster-pipeline 100', piped),
  ];
}
