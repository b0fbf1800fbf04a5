import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startIdOf } from '../../src/core/process-identity.ts';
import { systemRandom } from '../../src/core/random.ts';
import { freePorts } from '../../src/local/ports.ts';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { ownerPorts } from '../helpers/dataset.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { trib, tribScript } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../helpers/servers.ts';

let parent: string;
let dir: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'trib-test-'));
  dir = join(parent, 'cluster');
});
afterEach(async () => {
  if (existsSync(join(dir, 'cluster.json'))) await trib(['down', '--dir', dir, '--purge']);
  rmSync(parent, { recursive: true, force: true });
});

interface UpData {
  readonly ok: boolean;
  readonly addresses: readonly string[];
  readonly processes: readonly { readonly pid: number; readonly port: number }[];
}

async function upDetached(...args: string[]): Promise<UpData> {
  const ran = await trib(['up', '--port', '0', '--dir', dir, '--detach', '--json', ...args]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  return JSON.parse(ran.stdout) as UpData;
}

const isGone = (pid: number): boolean => startIdOf(pid) === undefined;

async function expectServing(port: number): Promise<void> {
  const connection = await RawConnection.open(port);
  const info = await connection.text('CLUSTER', 'INFO');
  expect(info).toContain('cluster_state:ok');
  expect(info).toContain('cluster_slots_ok:16384');
  const role = await connection.text('INFO', 'replication');
  if (role.includes('role:slave')) expect(role).toContain('master_link_status:up');
  connection.close();
}

describe('trib up --detach', () => {
  it('leaves a cluster that serves on every node, known to status, gone after down', async () => {
    const { addresses, processes } = await upDetached();
    expect(addresses).toHaveLength(6);
    for (const { port } of processes) await expectServing(port);

    const status = await trib(['status', '--dir', dir]);
    expect(status.stdout).toContain('[OK] All 6 nodes are running');
    expect(status.code).toBe(0);

    const again = await trib(['up', '--dir', dir, '--detach']);
    expect(again.stderr).toContain('A cluster is already running from');
    expect(again.code).toBe(1);

    const down = await trib(['down', '--dir', dir]);
    expect(down.stdout).toContain('6 nodes were ended; nothing is left');
    expect(processes.every(({ pid }) => isGone(pid))).toBe(true);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('status names a node that was killed, and down cleans up after it', async () => {
    const { processes } = await upDetached('--replicas', '0');
    const [first] = processes;
    if (first === undefined) throw new Error('no processes');
    process.kill(first.pid, 'SIGKILL');
    await until(() => isGone(first.pid), 'the end of the node');
    const status = await trib(['status', '--dir', dir]);
    expect(status.stdout).toContain(
      `[ERR] The node on port ${first.port} (process ${first.pid}) is not running.`,
    );
    expect(status.code).toBe(1);
    const down = await trib(['down', '--dir', dir]);
    expect(down.stdout).toContain('2 nodes were ended (1 of 3 had ended before)');
    expect(readdirSync(parent)).toEqual([]);
  });

  it("a folder of the user's stays, with what the user has in it", async () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'notes.txt'), 'mine');
    await upDetached('--replicas', '0');
    await trib(['down', '--dir', dir]);
    expect(readdirSync(dir)).toEqual(['notes.txt']);
  });

  it.skipIf(skipWithoutRedisServer)(`starts redis-server as well${redisServerNote}`, async () => {
    const { processes } = await upDetached('--engine', 'redis-server');
    expect(processes).toHaveLength(6);
    for (const { port } of processes) await expectServing(port);
  });
});

describe('trib up --keep', () => {
  /** Writes through any node, or reads what was written. */
  async function eachKey(port: number, command: (key: string) => string[]): Promise<string[]> {
    const owners = await ownerPorts(port);
    const replies: string[] = [];
    for (let n = 0; n < 100; n++) {
      const connection = await RawConnection.open(owners[keySlot(`key:${n}`)] ?? 0);
      replies.push(await connection.text(...command(`key:${n}`)));
      connection.close();
    }
    return replies;
  }

  it('keeps the data over trib down and kill -9; trib up starts those that have ended, and trib down --purge removes all', async () => {
    const { processes } = await upDetached('--keep', '--node-timeout', '1500');
    const [first = { pid: 0, port: 0 }] = processes;
    await eachKey(first.port, (key) => ['SET', key, `value of ${key}`]);
    const expectKept = async (): Promise<void> => {
      const values = await eachKey(first.port, (key) => ['GET', key]);
      expect(values).toEqual(values.map((_, n) => `value of key:${n}`));
    };

    const down = await trib(['down', '--dir', dir]);
    expect(down.stdout).toBe(
      `6 nodes were ended; their data are kept: trib up --dir ${dir} goes on with them.\n`,
    );
    expect(processes.every(({ pid }) => isGone(pid))).toBe(true);
    const again = await trib(['up', '--dir', dir, '--detach']);
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(again.stdout).toContain(`>>> Starting the 6 nodes (bundled) in ${dir} again`);
    await expectKept();

    const { processes: now } = JSON.parse((await trib(['status', '--dir', dir, '--json'])).stdout) as UpData;
    expect(now.map(({ port }) => port)).toEqual(processes.map(({ port }) => port));
    const victim = now[0]?.pid ?? 0;
    process.kill(victim, 'SIGKILL');
    await until(() => isGone(victim), 'the end of the node');
    expect((await upAgain()).filter(({ pid }) => now.some((one) => one.pid === pid))).toHaveLength(5);
    for (const { port } of processes) await expectServing(port);
    await expectKept();

    const purged = await trib(['down', '--dir', dir, '--purge']);
    expect(purged.stdout).toContain('6 nodes were ended; nothing is left');
    expect(readdirSync(parent)).toEqual([]);
  }, 60_000);

  it('a node that cannot be started again costs nothing', async () => {
    const { processes } = await upDetached('--keep', '--replicas', '0');
    const [first = { pid: 0, port: 0 }] = processes;
    await eachKey(first.port, (key) => ['SET', key, `value of ${key}`]);
    await trib(['down', '--dir', dir]);
    const server = createServer((socket) => socket.destroy()).listen(first.port, '127.0.0.1');
    try {
      const refused = await trib(['up', '--dir', dir, '--detach']);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`The node on port ${first.port} ended at its start`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    await upAgain();
    expect(await eachKey(first.port, (key) => ['GET', key])).toContain('value of key:99');
  }, 60_000);

  async function upAgain(): Promise<UpData['processes']> {
    const ran = await trib(['up', '--dir', dir, '--detach', '--json']);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    return (JSON.parse(ran.stdout) as UpData).processes;
  }
});

describe('trib up in the foreground', () => {
  it('tells of a node that ends, and takes the cluster down on SIGINT with exit code 130', async () => {
    const child = spawn(process.execPath, [tribScript, 'up', '--port', '0', '--dir', dir], { stdio: 'pipe' });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const exitCode = new Promise<number | null>((resolve) => child.once('close', resolve));
    await until(() => stdout.includes('To take it down: Ctrl-C'), 'the cluster');
    const { processes } = JSON.parse((await trib(['status', '--dir', dir, '--json'])).stdout) as UpData;
    const [first] = processes;
    if (first === undefined) throw new Error('no processes');
    process.kill(first.pid, 'SIGKILL');
    await until(
      () => stderr.includes(`The node on port ${first.port} has ended (SIGKILL).`),
      'word of the end',
    );
    child.kill('SIGINT');
    expect(await exitCode).toBe(130);
    expect(processes.every(({ pid }) => isGone(pid))).toBe(true);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('a signal while it is being made leaves nothing', async () => {
    const child = spawn(process.execPath, [tribScript, 'up', '--port', '0', '--dir', dir], { stdio: 'pipe' });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const exitCode = new Promise<number | null>((resolve) => child.once('close', resolve));
    await until(() => stdout.includes('CLUSTER MEET'), 'the meeting');
    child.kill('SIGTERM');
    expect(await exitCode).toBe(143);
    expect(readdirSync(parent)).toEqual([]);
  });
});

describe('wrong input', () => {
  it('a taken port is named, and nothing is left', async () => {
    const [port = 0] = await freePorts(1, systemRandom);
    const server = createServer().listen(port + 1, '127.0.0.1');
    try {
      const ran = await trib(['up', '--port', String(port), '--dir', dir, '--detach']);
      expect(ran.stderr).toContain(`The port ${port + 1} on 127.0.0.1 is taken`);
      expect(ran.code).toBe(1);
      expect(readdirSync(parent)).toEqual([]);
    } finally {
      server.close();
    }
  });

  it.each([
    [['up', '--masters', '2'], 2],
    [['up', '--engine', 'memcached'], 2],
    [['up', '--port', '65000'], 2],
  ])('%j exits with %i', async (args, code) => {
    const ran = await trib([...args, '--dir', dir]);
    expect(ran.code).toBe(code);
    expect(ran.stderr).not.toContain('    at ');
    expect(existsSync(dir)).toBe(false);
  });

  it('--keep without a folder is refused: the usual one is for what may vanish', async () => {
    const ran = await trib(['up', '--keep', '--port', '0']);
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining('--dir')]);
  });

  it('down and status without a cluster say so', async () => {
    for (const command of ['down', 'status']) {
      const ran = await trib([command, '--dir', dir]);
      expect(ran.stderr).toContain(`No cluster was started from ${dir}`);
      expect(ran.code).toBe(1);
    }
  });
});
