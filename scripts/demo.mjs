// The demonstration: a cluster of bundled nodes on free ports, made by MEET, ADDSLOTS and REPLICATE; keys; 1000 slots
// moved while a client reads and writes; a check; the slot map; and the end of it all. Uses trib as a person does.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Cluster } from 'ioredis';

const trib = new URL('../bin/run.js', import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), 'trib-demo-'));
const keyCount = 20_000;

/**
 * Runs trib before the eyes of the reader, or quietly for its output. Throws when it fails. A reshard shows a bar on a
 * terminal; elsewhere it prints two lines a slot, of which a demonstration needs none.
 */
function run(args, { quiet = false } = {}) {
  if (!quiet) process.stdout.write(`\n$ trib ${args.join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [trib, ...args], {
      stdio: ['ignore', quiet || !process.stdout.isTTY ? 'pipe' : 'inherit', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    if (!quiet && child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!/^ *Moving slot /.test(line)) process.stdout.write(`${line}\n`);
      });
    }
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`trib ${args[0]} ended with ${code}`)),
    );
  });
}

async function writeKeys(client) {
  for (let start = 0; start < keyCount; start += 500) {
    const batch = Array.from({ length: 500 }, (_, index) => start + index);
    await Promise.all(batch.map((number) => client.set(`demo:${number}`, `value ${number}`)));
  }
}

/** Writes and reads back until it is told to end; returns how often, and how often it was wrong. */
function startTraffic(client) {
  const counts = { rounds: 0, wrong: 0 };
  let running = true;
  const work = async (worker) => {
    for (let round = 0; running; round++) {
      const key = `traffic:${worker}:${round % 500}`;
      await client.set(key, String(round));
      if ((await client.get(key)) !== String(round)) counts.wrong++;
      counts.rounds++;
    }
  };
  const workers = Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)));
  return async () => {
    running = false;
    await workers;
    return counts;
  };
}

async function missingKeys(client) {
  let missing = 0;
  for (let start = 0; start < keyCount; start += 500) {
    const batch = Array.from({ length: 500 }, (_, index) => start + index);
    const values = await Promise.all(batch.map((number) => client.get(`demo:${number}`)));
    missing += values.filter((value, index) => value !== `value ${batch[index]}`).length;
  }
  return missing;
}

let failed = false;
try {
  await run(['up', '--masters', '3', '--replicas', '1', '--port', '0', '--dir', dir, '--detach']);
  const { addresses } = JSON.parse(await run(['status', '--dir', dir, '--json'], { quiet: true }));
  const [seed, target] = addresses;
  const [host, port] = seed.split(':');
  const client = new Cluster([{ host, port: Number(port) }]);
  try {
    await writeKeys(client);
    process.stdout.write(`\n${keyCount} keys are written; a client goes on reading and writing.\n`);
    const stopTraffic = startTraffic(client);
    await run(['reshard', seed, '--from', 'all', '--to', target, '--slots', '1000', '--yes']);
    const { rounds, wrong } = await stopTraffic();
    const missing = await missingKeys(client);
    process.stdout.write(
      `\nMeanwhile the client wrote and read back ${rounds} times: ${wrong} wrong; of ${keyCount} keys ${missing} are missing.\n`,
    );
    failed = wrong + missing > 0;
    await run(['check', seed]);
    await run(['slots', seed]);
  } finally {
    client.disconnect();
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  failed = true;
} finally {
  await run(['down', '--dir', dir]).catch(() => {
    failed = true;
  });
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
