/** Owns the measuring of the longest pause that a client of the source sees while slots are moved. */
import { keySlot } from '../src/protocol/slots/key-slot.ts';
import { fillSlots, idsOf, threeMasters } from './clusters.ts';
import { median, type Row, timeCommand } from './measure.ts';
import { pauseRow, watchPauses } from './pause-watch.ts';

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
    const watch = await watchPauses(port, key ?? '');
    if (reshard === undefined) await new Promise((resolve) => setTimeout(resolve, 1000));
    else reshard(servers.addresses[0] ?? '', a, b);
    return await watch.end();
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
  return [
    pauseRow('a reshard; redis-cli', ours, theirs, idle),
    pauseRow('a reshard; redis-cli --cluster-pipeline 100', ours, piped, idle),
  ];
}
