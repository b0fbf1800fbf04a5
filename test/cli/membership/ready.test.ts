import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/core/random.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { trib } from '../../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';
import { type ClusterWithSpares, startWithSpares } from '../../helpers/spares.ts';

const root = join(import.meta.dirname, '../../..');

let live: ClusterWithSpares;
afterEach(() => live?.stop());

async function timeoutOf(index: number): Promise<string> {
  return String(await live.call(index, 'CONFIG', 'GET', 'cluster-node-timeout')).split(',')[1] ?? '';
}

/** The process stands still: its port takes connections, and nobody answers. */
async function standingStill(index: number, work: () => Promise<void>): Promise<void> {
  const pid = live.nodes[index]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

describe.skipIf(skipWithoutRedisServer)(`trib set-timeout${redisServerNote}`, () => {
  it('sets every node in the lines of redis-cli, and tells which cannot keep it', async () => {
    live = await startWithSpares(3, 0);
    const [seed = ''] = live.addresses;
    const set = await trib(['set-timeout', seed, '2500']);
    expect([set.code, set.stderr]).toEqual([0, '']);
    const lines = live.normalise(set.stdout).split('\n');
    // Nodes answer in any order.
    const isSet = (line: string): boolean => line.startsWith('***');
    const [first = '', ...rest] = lines.filter((line) => !isSet(line));
    await expect([first, ...lines.filter(isSet).sort(), ...rest].join('\n')).toMatchFileSnapshot(
      '../../transcripts/set-timeout.txt',
    );
    expect(await Promise.all([0, 1, 2].map(timeoutOf))).toEqual(['2500', '2500', '2500']);
    const dry = await trib(['set-timeout', seed, '9000', '--dry-run']);
    expect([dry.code, await timeoutOf(0)]).toEqual([0, '2500']);
  });

  it('exits 1 when a node could not be set, and sets the others', async () => {
    live = await startWithSpares(3, 0);
    const [seed = ''] = live.addresses;
    await live.call(1, 'ACL', 'SETUSER', 'default', '-config|set');
    await live.kill(2);
    const set = await trib(['set-timeout', seed, '3000']);
    const text = live.normalise(set.stdout);
    expect(set.code).toBe(1);
    expect(text).toContain('*** New timeout set for 127.0.0.1:7001');
    expect(text).toContain('ERR setting node-timeout for 127.0.0.1:7002: 127.0.0.1:7002 refused CONFIG SET');
    expect(text).toContain('ERR setting node-timeout for 127.0.0.1:7003: Cannot connect');
    expect(text).toContain('>>> New node timeout set. 1 OK, 2 ERR.');
    expect(await timeoutOf(0)).toBe('3000');
    const json = await trib(['set-timeout', seed, '3000', '--json']);
    expect([json.code, JSON.parse(json.stdout)]).toEqual([1, expect.objectContaining({ ok: false })]);
  });

  it.each<[string, string[], string]>([
    ['too short a timeout', ['99'], 'Setting a node timeout of less than 100 milliseconds is a bad idea.'],
    ['what is no number', ['soon'], 'is a whole number of milliseconds, not "soon"'],
    ['a number with a fraction', ['1000.5'], 'is a whole number of milliseconds'],
    ['no timeout', [], 'Which timeout, in milliseconds?'],
    ['too many words', ['1000', '2000'], 'Too many words'],
  ])('refuses %s', async (_, words, message) => {
    const refused = await trib(['set-timeout', '127.0.0.1:1', ...words]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('trib set-timeout with configuration files', () => {
  const programs: [string, string[]][] = [
    ['bundled node', [process.execPath, join(root, 'bin/trib-node.js')]],
  ];
  if (!skipWithoutRedisServer) programs.push(['redis-server', ['redis-server']]);

  it.each(programs)('keeps the timeout in the file of a %s that was started with one', async (_, program) => {
    const dir = mkdtempSync(join(tmpdir(), 'trib-conf-'));
    const [port = 0] = await freePorts(1, systemRandom);
    const file = join(dir, 'node.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      'cluster-enabled yes',
      'cluster-node-timeout 1000',
      'save ""',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const [name = '', ...words] = program;
    const child = spawn(name, [...words, file], { cwd: dir, stdio: 'ignore' });
    try {
      const address = `127.0.0.1:${port}`;
      expect((await trib(['wait', address, '--for', 'converged'])).code).toBe(0);
      const set = await trib(['set-timeout', address, '4000']);
      expect([set.code, set.stderr, set.stdout]).toEqual([0, '', expect.not.stringContaining('[WARNING]')]);
      expect(readFileSync(file, 'utf8')).toContain('cluster-node-timeout 4000');
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe.skipIf(skipWithoutRedisServer)(`trib wait${redisServerNote}`, () => {
  it('returns when the cluster is as wanted, and exits 6 with what is missing when it is not in time', async () => {
    live = await startWithSpares(6, 0, { replicas: 1 });
    const [seed = ''] = live.addresses;
    const ready = await trib(['wait', seed, '--for', 'ok', '--for', 'converged', '--for', 'replicas']);
    expect([ready.code, ready.stderr, ready.stdout]).toEqual([0, '', '[OK] The cluster is ready.\n']);
    const data = await trib(['wait', seed, '--for', 'ok,replicas', '--json']);
    expect(JSON.parse(data.stdout)).toMatchObject({ ok: true, operation: 'wait', outcome: 'done' });

    await live.call(1, 'CLUSTER', 'DELSLOTS', 5461);
    const late = await trib(['wait', seed, '--for', 'ok', '--for', 'converged', '--timeout', '700']);
    expect(late.code).toBe(6);
    expect(live.normalise(late.stderr)).toContain('ok: 1 slots have no master');
    expect(live.normalise(late.stderr)).toContain('converged: Nodes disagree about slots 5461');
    // It is waited for, not only looked at.
    const waiting = trib(['wait', seed, '--timeout', '20000']);
    await live.call(1, 'CLUSTER', 'ADDSLOTS', 5461);
    expect([(await waiting).code, (await waiting).stderr]).toEqual([0, '']);
    await live.kill(5);
    const away = await trib(['wait', seed, '--for', 'replicas', '--timeout', '500']);
    expect([away.code, live.normalise(away.stderr)]).toEqual([
      6,
      expect.stringContaining('replica 127.0.0.1:7006 is not up to date: it does not answer'),
    ]);
  });

  it('waits for nodes that are not there yet, and refuses what does not pass by itself', async () => {
    const absent = await trib(['wait', '127.0.0.1:1', '--timeout', '300']);
    expect([absent.code, absent.stderr]).toEqual([
      6,
      expect.stringContaining('ok: Cannot connect to 127.0.0.1:1'),
    ]);
    const wrong = await trib(['wait', '127.0.0.1:1', '--for', 'peace']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('ok, converged, replicas')]);
    expect((await trib(['wait'])).code).toBe(2);
    live = await startWithSpares(3, 0);
    await live.call(0, 'ACL', 'SETUSER', 'default', '-cluster');
    const refused = await trib(['wait', live.addresses[0] ?? '', '--timeout', '20000']);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('NOPERM')]);
  });
});

describe.skipIf(skipWithoutRedisServer)(`trib call${redisServerNote}`, () => {
  it('does not let a node that hangs hold the others, and exits 1', async () => {
    live = await startWithSpares(3, 0);
    const [seed = ''] = live.addresses;
    const aliases = await trib(['call', seed, 'ping', '--only-masters', '--json']);
    expect(JSON.parse(aliases.stdout).replies).toHaveLength(3);
    expect(
      JSON.parse((await trib(['call', seed, 'ping', '--only-replicas', '--json'])).stdout).replies,
    ).toBeUndefined();
    await standingStill(1, async () => {
      const before = performance.now();
      const called = await trib(['call', '--timeout', '1500', seed, 'set', '{x}', '1', '--events']);
      const tookMs = performance.now() - before;
      const events = called.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const replied = events.filter(({ type }) => type === 'replied');
      expect(called.code).toBe(1);
      expect(replied).toHaveLength(3);
      // The one that hangs comes last, and only it takes its time.
      expect(replied[2]).toMatchObject({ ok: false, node: { port: live.ports[1] } });
      expect(replied[2].reply).toContain('did not answer');
      expect(tookMs).toBeLessThan(8000);
    });
  });
});
