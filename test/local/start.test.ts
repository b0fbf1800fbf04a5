import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { freePorts, isPortFree, portsFrom } from '../../src/local/ports.ts';
import { isRunning, startNodeProcess, stopProcesses, untilReady } from '../../src/local/process.ts';
import { defaultDir, ensureDir, readState, writeState } from '../../src/local/state.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trib-test-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function listenOn(port: number): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(() => new Promise((done) => server.close(() => done()))));
  });
}

describe('ports', () => {
  it('draws ports that are free with their bus ports', async () => {
    const ports = await freePorts(6, systemRandom);
    expect(new Set(ports).size).toBe(6);
    for (const port of ports) expect(await isPortFree(port)).toBe(true);
  });

  it('names the port that is taken, and the bus port', async () => {
    const [port = 0] = await freePorts(1, systemRandom);
    const closePort = await listenOn(port);
    await expect(portsFrom(port, 2)).rejects.toThrow(`The port ${port} on 127.0.0.1 is taken`);
    await closePort();
    const closeBusPort = await listenOn(port + 10000);
    await expect(portsFrom(port, 2)).rejects.toThrow(`The bus port ${port + 10000} on 127.0.0.1 is taken`);
    await closeBusPort();
    expect((await portsFrom(port, 1))[0]).toBe(port);
  });

  it('refuses ports whose bus ports would not exist', async () => {
    await expect(portsFrom(60000, 6)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('processes', () => {
  const sleeper = [process.execPath, '-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'];

  it('are known by pid and start time, and ended even when they do not listen', async () => {
    const node = startNodeProcess(sleeper, dir);
    expect(isRunning(node)).toBe(true);
    expect(isRunning({ pid: node.pid, startId: 'another' })).toBe(false);
    await stopProcesses([node], systemClock, 50);
    expect(isRunning(node)).toBe(false);
  });

  it('another process with the same id is left alone', async () => {
    const node = startNodeProcess(sleeper, dir);
    await stopProcesses([{ pid: node.pid, startId: 'another' }], systemClock, 0);
    expect(isRunning(node)).toBe(true);
    await stopProcesses([node], systemClock, 0);
  });

  it('one that ends at its start is reported with its last words', async () => {
    const node = startNodeProcess(
      [process.execPath, '-e', 'console.log("no luck today"); process.exit(3)'],
      dir,
    );
    const [port = 0] = await freePorts(1, systemRandom);
    await expect(untilReady(node, port, dir, systemClock)).rejects.toThrow(
      `The node on port ${port} ended at its start (exit 3): no luck today`,
    );
  });
});

describe('the state of a local cluster', () => {
  const state = {
    version: 1,
    engine: 'bundled',
    startedAtMs: 1,
    ownsDir: false,
    nodes: [{ pid: 2, startId: '3', port: 7000, dir: '7000' }],
  } as const;

  it('is read as it was written; no file is no cluster', () => {
    expect(readState(dir)).toBeUndefined();
    writeState(dir, state);
    expect(readState(dir)).toEqual(state);
    expect(readdirSync(dir)).toEqual(['cluster.json']);
  });

  it.each([
    '',
    '{}',
    '{"version":1,"engine":"bundled","ownsDir":true,"nodes":[{"pid":1,"startId":"","port":1,"dir":"1"}]}',
    '{"version":1,"engine":"bundled","ownsDir":true,"nodes":[{"pid":5,"startId":"","port":1,"dir":"../x"}]}',
  ])('refuses a damaged file: %s', (text) => {
    spawnSync('tee', [join(dir, 'cluster.json')], { input: text });
    expect(() => readState(dir)).toThrow('is not a file of trib up');
  });

  it('has a folder of its own a user', () => {
    expect(defaultDir()).toMatch(/trib-/);
    const made = join(dir, 'a', 'b');
    expect(ensureDir(made)).toBe(true);
    expect(ensureDir(made)).toBe(false);
    expect(existsSync(made)).toBe(true);
  });
});
