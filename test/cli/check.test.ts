import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveCluster, startCluster } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { redisCli, trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../helpers/servers.ts';

/** Without redis-cli's colours. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken away
  return text.replace(/\x1b\[[0-9;]*m/g, '');
}

describe.skipIf(skipWithoutRedisServer)(`looking at a cluster${redisServerNote}`, () => {
  let live: LiveCluster;
  let seed: string;
  beforeAll(async () => {
    live = await startCluster(6, { replicas: 1 });
    seed = live.addresses[0] ?? '';
    await on(0, 'SET', '{06S}', 'value');
  });
  afterAll(() => live?.stop());

  const on = async (index: number, ...command: (string | number)[]): Promise<string> => {
    const connection = await RawConnection.open(live.ports[index] ?? 0);
    const text = await connection.text(...command);
    connection.close();
    return text;
  };

  it('checks in the very lines of redis-cli, in whatever order it has the nodes', async () => {
    const ours = await trib(['check', seed]);
    expect([ours.code, ours.stderr]).toEqual([0, '']);
    const theirs = await redisCli(['--cluster', 'check', seed]);
    expect(ours.stdout.trim().split('\n').sort()).toEqual(plain(theirs.stdout).trim().split('\n').sort());
    await expect(live.normalise(ours.stdout)).toMatchFileSnapshot('../transcripts/check.txt');
  });

  it('informs in the very lines of redis-cli', async () => {
    const ours = await trib(['info', seed]);
    const theirs = await redisCli(['--cluster', 'info', seed]);
    expect(ours.stdout.trim().split('\n').sort()).toEqual(plain(theirs.stdout).trim().split('\n').sort());
  });

  it('shows nodes and slots', async () => {
    const nodes = await trib(['nodes', seed]);
    const slots = await trib(['slots', ...seed.split(':')]);
    const ids = live.ids;
    const short = (text: string): string => {
      let shown = text;
      for (const [port, id] of ids)
        shown = shown.replaceAll(id.slice(0, 8), `<${7001 + live.ports.indexOf(port)}> `);
      return shown;
    };
    await expect(live.normalise(short(nodes.stdout))).toMatchFileSnapshot('../transcripts/nodes.txt');
    await expect(live.normalise(slots.stdout)).toMatchFileSnapshot('../transcripts/slots.txt');
  });

  it('gives data for programs', async () => {
    const [check, info, nodes, slots] = await Promise.all(
      ['check', 'info', 'nodes', 'slots'].map(async (command) =>
        JSON.parse((await trib([command, seed, '--json'])).stdout),
      ),
    );
    expect(check).toMatchObject({ ok: true, operation: 'check', findings: [] });
    expect(check.nodes).toHaveLength(6);
    expect(nodes.nodes[0]).toMatchObject({
      role: 'master',
      slots: '0-5460',
      reachable: true,
      version: '7.0.15',
    });
    expect(info.masters).toHaveLength(3);
    expect(slots.masters.map((master: { slotCount: number }) => master.slotCount).sort()).toEqual([
      5461, 5461, 5462,
    ]);
    const events = (await trib(['check', seed, '--events'])).stdout.trim().split('\n');
    expect(events.map((line) => JSON.parse(line)).map(({ v, type }) => `${v} ${type}`)).toEqual([
      '1 checked',
      '1 finished',
    ]);
  });

  it('calls a command on every node, masters or replicas, and tells failures', async () => {
    const all = await trib(['call', seed, 'config', 'get', 'appendonly']);
    expect(all.stdout.split('\n')[0]).toBe('>>> Calling config get appendonly');
    for (const address of live.addresses) expect(all.stdout).toContain(`${address}: appendonly\nno`);
    const masters = await trib(['call', seed, 'ping', '--masters', '--json']);
    expect(JSON.parse(masters.stdout).replies.map((reply: { reply: string }) => reply.reply)).toEqual(
      Array(3).fill('PONG'),
    );
    // Words that repeat, or look like flags, reach the nodes as they are.
    const echoed = await trib([
      'call',
      seed,
      '--replicas',
      'eval',
      'return ARGV[1]..ARGV[2]..ARGV[3]',
      '0',
      '-x',
      '0',
      '-x',
    ]);
    expect(echoed.stdout).toContain(': -x0-x');
    const failed = await trib(['call', seed, 'nonsense']);
    expect([failed.code, failed.stdout]).toEqual([
      1,
      expect.stringContaining("ERR unknown command 'nonsense'"),
    ]);
  });

  it('finds what is wrong, and exits 1', async () => {
    const target = live.idOf(1);
    await on(0, 'CLUSTER', 'SETSLOT', 7, 'MIGRATING', target);
    await on(1, 'CLUSTER', 'SETSLOT', 7, 'IMPORTING', live.idOf(0));
    await on(2, 'CLUSTER', 'DELSLOTS', 16383);
    try {
      const found = await trib(['check', seed]);
      expect(found.code).toBe(1);
      for (const line of [
        `[WARNING] Node ${seed} has slots in migrating state 7.`,
        `[WARNING] Node ${live.addresses[1]} has slots in importing state 7.`,
        '[WARNING] The following slots are open: 7.',
        '[ERR] Not all 16384 slots are covered by nodes.',
        '[ERR] 1 slots have no master: 16383.',
        "[ERR] Nodes don't agree about configuration!",
      ]) {
        expect(found.stdout).toContain(line);
      }
      const map = (await trib(['slots', seed])).stdout;
      expect(map).toContain('!  1 slots open');
      expect(map).toContain('.  1 slots without a master');
      const refused = await trib([
        'reshard',
        seed,
        '--from',
        'all',
        '--to',
        live.idOf(2),
        '--slots',
        '1',
        '--yes',
      ]);
      expect([refused.code, refused.stderr]).toEqual([
        5,
        expect.stringContaining('*** Please fix your cluster problems before resharding'),
      ]);
    } finally {
      await on(0, 'CLUSTER', 'SETSLOT', 7, 'STABLE');
      await on(1, 'CLUSTER', 'SETSLOT', 7, 'STABLE');
      await on(2, 'CLUSTER', 'ADDSLOTS', 16383);
    }
    await until(async () => (await trib(['check', seed])).code === 0, 'the cluster to be well again');
  });

  it('tells which settings differ, and of a password only that it does', async () => {
    await on(1, 'CONFIG', 'SET', 'maxmemory', '100mb');
    await on(2, 'CONFIG', 'SET', 'masterauth', 'a secret');
    await on(2, 'CONFIG', 'SET', 'requirepass', 'a secret');
    const checked = await trib(['check', seed, '-a', 'a secret']);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain('[WARNING] Setting maxmemory is not the same everywhere: 0 on ');
    expect(checked.stdout).toMatch(/\[WARNING\] Setting requirepass of .* is not that of /);
    const data = await trib(['check', seed, '-a', 'a secret', '--json']);
    expect(checked.stdout + data.stdout).not.toContain('a secret');
    const connection = await RawConnection.open(live.ports[2] ?? 0);
    await connection.call('AUTH', 'a secret');
    await connection.call('CONFIG', 'SET', 'requirepass', '');
    await connection.call('CONFIG', 'SET', 'masterauth', '');
    connection.close();
    await on(1, 'CONFIG', 'SET', 'maxmemory', '0');
  });

  it.each([
    [[], 2, 'Which cluster?'],
    [
      ['127.0.0.1:1', '127.0.0.1:2'],
      3,
      'No node answers. Cannot connect to 127.0.0.1:1: connection refused.',
    ],
    [['127.0.0.1:1'], 3, 'connection refused'],
    [['127.0.0.1:1', '--nonsense'], 2, 'Unknown flag: --nonsense'],
    [['--json', '--events', '127.0.0.1:1'], 2, ''],
  ])('says what is wrong with %j', async (words, code, message) => {
    const refused = await trib(['check', ...words]);
    expect(refused.code).toBe(code);
    expect(refused.stdout + refused.stderr).toContain(message);
    expect(refused.stdout + refused.stderr).not.toMatch(/\n\s+at /);
  });

  it('finds a node that is gone', async () => {
    await live.kill(5);
    const found = await trib(['check', seed]);
    expect(found.code).toBe(1);
    expect(found.stdout).toContain(
      `[ERR] Node ${live.addresses[5]} cannot be asked: Cannot connect to ${live.addresses[5]}: connection refused.`,
    );
  });
});
