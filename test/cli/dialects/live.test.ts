import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterCommands, weightOption } from '../../../src/cli/dialects/redis-cli-table.ts';
import { type LiveCluster, startAlone } from '../../helpers/live-cluster.ts';
import { RawConnection } from '../../helpers/raw-connection.ts';
import { type Ran, type RunOptions, redisCli, trib } from '../../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

const sourcePassword = 'hunter2-is-secret';
/** Slot 0. */
const tag = '{06S}';

/** A cluster with what scripts ask of it; remembers every word that was given. */
class Bench {
  readonly live: LiveCluster;
  readonly dir = mkdtempSync(join(tmpdir(), 'trib-dialects-'));
  readonly said = new Set<string>();

  constructor(live: LiveCluster) {
    this.live = live;
  }

  address(index: number): string {
    return this.live.addresses[index] ?? '';
  }

  id(index: number): string {
    return this.live.idOf(index);
  }

  /** Runs it as a script does: what goes well says nothing on standard error. */
  async run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    for (const word of words) this.said.add(word);
    const ran = await trib(words, options);
    if (ran.code === 0) expect(ran.stderr).toBe('');
    expect(ran.stdout + ran.stderr).not.toContain(sourcePassword);
    return ran;
  }

  /** The same, and it goes well. */
  async succeed(words: readonly string[], options: RunOptions = {}): Promise<string> {
    const ran = await this.run(words, options);
    expect([words.join(' '), ran.code, ran.stderr]).toEqual([words.join(' '), 0, '']);
    return ran.stdout;
  }

  async on(index: number, ...command: (string | number)[]): Promise<string> {
    const connection = await RawConnection.open(this.live.ports[index] ?? 0);
    try {
      return await connection.text(...command);
    } finally {
      connection.close();
    }
  }

  /** Slots of each master that `trib info` lists, by the number of its node. */
  async slots(): Promise<Map<number, number>> {
    const text = (await trib(['info', this.address(0)])).stdout;
    const found = [...text.matchAll(/:(\d+) \(\S+\) -> \d+ keys \| (\d+) slots/g)];
    return new Map(found.map(([, port, slots]) => [this.live.ports.indexOf(Number(port)), Number(slots)]));
  }

  async serving(): Promise<void> {
    await this.succeed(['wait', this.address(0), '--for', 'ok', '--for', 'converged']);
  }

  async stop(): Promise<void> {
    await this.live.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Without redis-cli's colours, in an order of its own. */
function sortedLines(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken away
  const plain = text.replace(/\x1b\[[0-9;]*m/g, '');
  return plain.trim().split('\n').sort();
}

describe.skipIf(skipWithoutRedisServer)(
  `what redis-cli --cluster offers, with trib${redisServerNote}`,
  () => {
    let bench: Bench;
    let source: Standalone;
    beforeAll(async () => {
      bench = new Bench(await startAlone(8, { nodeTimeoutMs: 1000 }));
      source = await startStandalone('redis-server', ['--requirepass', sourcePassword]);
      await source.client.text('AUTH', sourcePassword);
      await source.client.text('ACL', 'SETUSER', 'bob', 'on', `>${sourcePassword}`, '~*', '+@all');
    });
    afterAll(async () => {
      await bench?.stop();
      await source?.stop();
    });

    const cluster = (command: string, ...words: readonly string[]): Promise<string> =>
      bench.succeed(['--cluster', command, ...words]);

    it('create, with replicas', async () => {
      const nodes = [0, 1, 2, 3, 4, 5].map((index) => bench.address(index));
      const declined = await bench.run(['--cluster', 'create', ...nodes, '--cluster-replicas', '1'], {
        input: 'no\n',
      });
      expect(declined.code).toBe(1);
      expect(declined.stdout).toContain("Can I set the above configuration? (type 'yes' to accept): ");
      const made = await cluster('create', '--cluster-replicas', '1', '--cluster-yes', ...nodes);
      expect(made).toContain('[OK] All 16384 slots covered.');
      await bench.serving();
      expect([...(await bench.slots()).values()].sort()).toEqual([5461, 5461, 5462]);
    });

    it('check and info, in the lines of redis-cli', async () => {
      const words = [
        '--cluster',
        'check',
        ...bench.address(1).split(':'),
        '--cluster-search-multiple-owners',
      ];
      const theirs = await redisCli(words);
      expect(theirs.code).toBe(0);
      const ours = await bench.succeed(words);
      expect(sortedLines(ours)).toEqual(sortedLines(theirs.stdout));
      expect(ours).toContain('[OK] No multiple owners found.\n');
      const info = ['--cluster', 'info', bench.address(4)];
      expect(sortedLines(await bench.succeed(info))).toEqual(sortedLines((await redisCli(info)).stdout));
    });

    it('reshard, with every option, and answered through a pipe', async () => {
      for (let index = 0; index < 30; index++) await bench.on(0, 'SET', `${tag}${index}`, index);
      const ends = ['--cluster-from', bench.id(0), '--cluster-to', bench.id(1)];
      const how = ['--cluster-timeout', '5000', '--cluster-pipeline', '7', '--cluster-replace'];
      const moved = await cluster(
        'reshard',
        bench.address(2),
        ...ends,
        '--cluster-slots',
        '100',
        ...how,
        '--cluster-yes',
      );
      expect(moved).toContain('Ready to move 100 slots.');
      expect(moved).toContain(
        `Moving slot 0 from ${bench.address(0)} to ${bench.address(1)}: ${'.'.repeat(30)}\n`,
      );
      expect(await bench.on(1, 'GET', `${tag}29`)).toBe('29');
      const answers = ['50', bench.id(0), 'all', 'yes', ''].join('\n');
      const asked = await bench.succeed(['--cluster', 'reshard', ...bench.address(0).split(':')], {
        input: answers,
      });
      for (const line of [
        'How many slots do you want to move (from 1 to 16384)?',
        'What is the receiving node ID?',
        'Please enter all the source node IDs.',
        'Do you want to proceed with the proposed reshard plan (yes/no)?',
      ]) {
        expect(asked).toContain(line);
      }
      const slots = await bench.slots();
      expect([slots.get(0), (slots.get(1) ?? 0) + (slots.get(2) ?? 0)]).toEqual([5411, 10973]);
    });

    it('add-node, as a master and as a replica of one', async () => {
      const added = await cluster('add-node', bench.address(6), bench.address(0));
      expect(added).toContain(`>>> Adding node ${bench.address(6)} to cluster ${bench.address(0)}\n`);
      expect(added).toContain('[OK] New node added correctly.\n');
      const replica = ['--cluster-slave', '--cluster-master-id', bench.id(1)];
      const joined = await cluster('add-node', bench.address(7), bench.address(0), ...replica);
      expect(joined).toContain(`>>> Configure node as replica of ${bench.address(1)}.\n`);
      expect(await bench.on(7, 'ROLE')).toContain('slave');
    });

    it('rebalance, with every option', async () => {
      const before = await bench.slots();
      const some = ['--cluster-use-empty-masters', '--cluster-threshold', '1'];
      const dry = await cluster('rebalance', ...bench.address(0).split(':'), ...some, '--cluster-simulate');
      expect(dry).toContain('>>> Rebalancing across 4 nodes. Total weight = 4.00\n');
      expect(await bench.slots()).toEqual(before);
      const weights = [weightOption, `${bench.id(0)}=2`, `${bench.id(6)}=0.5`];
      const how = ['--cluster-timeout', '5000', '--cluster-pipeline', '20', '--cluster-replace'];
      const done = await cluster('rebalance', ...weights, ...some, ...how, bench.address(0));
      expect(done).toContain('Total weight = 4.50\n');
      const share = (weight: number): number => Math.floor((16384 * weight) / 4.5);
      const after = await bench.slots();
      for (const [index, weight] of [2, 1, 1, Number.NaN, Number.NaN, Number.NaN, 0.5].entries()) {
        if (!Number.isNaN(weight)) expect(Math.abs((after.get(index) ?? 0) - share(weight))).toBeLessThan(2);
      }
      const again = await cluster('rebalance', bench.address(0), ...weights);
      expect(again).toContain('*** No rebalancing needed! All nodes are within the 2.00% threshold.\n');
    });

    it('call, on all, on masters, on replicas, and with an argument from standard input', async () => {
      const count = (text: string): number => text.match(/: PONG$/gm)?.length ?? 0;
      expect(count(await cluster('call', bench.address(0), 'ping'))).toBe(8);
      expect(count(await cluster('call', bench.address(0), 'ping', '--cluster-only-masters'))).toBe(4);
      expect(count(await cluster('call', bench.address(0), 'ping', '--cluster-only-replicas'))).toBe(4);
      const words = ['--cluster', 'call', bench.address(0), 'config', 'get', 'maxmemory'];
      expect(sortedLines(await bench.succeed(words))).toEqual(sortedLines((await redisCli(words)).stdout));
      const echo = ['-x', '--cluster', 'call', bench.address(0), 'echo', '--cluster-only-masters'];
      expect(await bench.succeed(echo, { input: 'a line' })).toContain(`${bench.address(0)}: a line\n`);
    });

    it('set-timeout', async () => {
      const told = await cluster('set-timeout', bench.address(0), '1500');
      expect(told).toContain('>>> Reconfiguring node timeout in every cluster node...\n');
      expect(told).toContain(`*** New timeout set for ${bench.address(5)}\n`);
      expect(told).toContain('>>> New node timeout set. 8 OK, 0 ERR.\n');
      expect(await bench.on(7, 'CONFIG', 'GET', 'cluster-node-timeout')).toBe('cluster-node-timeout,1500');
    });

    it('fix, of an open slot and of keys that lie elsewhere', async () => {
      const own = (await bench.on(0, 'CLUSTER', 'NODES')).split('\n').find((line) => line.includes('myself'));
      const slot = /connected (\d+)/.exec(own ?? '')?.[1] ?? '';
      await bench.on(0, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', bench.id(1));
      const open = await bench.run(['--cluster', 'check', bench.address(0)]);
      expect(open.code).toBe(1);
      expect(open.stdout).toContain(`[WARNING] The following slots are open: ${slot}.\n`);
      await cluster('fix', bench.address(0), '--cluster-search-multiple-owners', '--cluster-timeout', '5000');
      await cluster('check', bench.address(0));
    });

    it('import, with users and passwords, copies and replacements', async () => {
      const from = `127.0.0.1:${source.port}`;
      const fill = async (value: string): Promise<void> => {
        for (const key of ['one', 'two', 'three']) await source.client.text('SET', key, value);
      };
      const read = async (key: string): Promise<string> =>
        (await redisCli(['-c', '-p', String(bench.live.ports[0]), 'get', key])).stdout.trim();
      await fill('first');
      const as = ['--cluster-from-user', 'bob', '--cluster-from-pass', sourcePassword];
      await cluster('import', bench.address(0), '--cluster-from', from, ...as, '--cluster-copy');
      expect([await read('one'), await source.client.text('DBSIZE')]).toEqual(['first', '3']);
      await fill('second');
      const refused = await bench.run([
        '--cluster',
        'import',
        bench.address(0),
        '--cluster-from',
        from,
        ...as,
      ]);
      expect(refused.code).not.toBe(0);
      expect(await read('two')).toBe('first');
      const ask = ['--cluster', 'import', bench.address(0), '--cluster-from', from, '--cluster-from-askpass'];
      await bench.succeed([...ask, '--cluster-replace'], { input: `${sourcePassword}\n` });
      expect([await read('three'), await source.client.text('DBSIZE')]).toEqual(['second', '0']);
    });

    it('backup', async () => {
      const dir = join(bench.dir, 'backup');
      const told = await cluster('backup', bench.address(0), dir);
      expect(told).toContain(`[OK] Backup created into: ${dir}\n`);
      expect(existsSync(join(dir, 'nodes.json'))).toBe(true);
    });

    it('del-node, of what has no slots', async () => {
      const refused = await bench.run(['--cluster', 'del-node', bench.address(0), bench.id(1)]);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain(
        `[ERR] Node ${bench.address(1)} is not empty! Reshard data away and try again.`,
      );
      const removed = await cluster('del-node', bench.address(0), bench.id(7));
      expect(removed).toContain(`>>> Removing node ${bench.id(7)} from cluster ${bench.address(0)}\n`);
      expect(removed).toContain('>>> Sending CLUSTER FORGET messages to the cluster...\n');
      await cluster('check', bench.address(0));
    });

    it('fix, where a master is gone for good', async () => {
      await bench.live.kill(6);
      await until(
        async () =>
          /fail(?!\?)/.test(
            (await bench.on(0, 'CLUSTER', 'NODES')).match(new RegExp(`${bench.id(6)}.*`))?.[0] ?? '',
          ),
        'the master to be seen as gone',
      );
      const refused = await bench.run(['--cluster', 'fix', bench.address(0)]);
      expect(refused.code).not.toBe(0);
      const words = ['--cluster', 'fix', bench.address(0), '--cluster-fix-with-unreachable-masters'];
      // The master that is gone is still in the cluster, and a check says so.
      await bench.run(words, { input: 'yes\n' });
      const seen = await bench.run(['--cluster', 'check', bench.address(0)]);
      expect(seen.stdout).toContain('[OK] All 16384 slots covered.');
    });

    it('help, and nothing was left out', async () => {
      const help = await cluster('help');
      const theirs = (await redisCli(['--cluster', 'help'])).stdout;
      const names = (text: string): string[] =>
        [...text.matchAll(/^ {2}([a-z-]+)(?: |$)/gm)].map(([, name = '']) => name);
      expect(names(help)).toEqual(names(theirs));
      for (const [option] of theirs.matchAll(/--cluster-[a-z-]+/g)) {
        expect(help).toContain(option);
        expect([...bench.said]).toContain(option);
      }
      for (const name of Object.keys(clusterCommands)) expect([...bench.said]).toContain(name);
    });
  },
);

describe.skipIf(skipWithoutRedisServer)(`what redis-trib.rb offers, with trib${redisServerNote}`, () => {
  let bench: Bench;
  let source: Standalone;
  beforeAll(async () => {
    bench = new Bench(await startAlone(5, { nodeTimeoutMs: 1000 }));
    source = await startStandalone('redis-server');
  });
  afterAll(async () => {
    await bench?.stop();
    await source?.stop();
  });

  it('create --replicas', async () => {
    const nodes = [0, 1, 2].map((index) => bench.address(index));
    const made = await bench.succeed(['create', '--replicas', '0', ...nodes], { input: 'yes\n' });
    expect(made).toContain('[OK] All 16384 slots covered.');
    await bench.serving();
  });

  it('check and info', async () => {
    expect(await bench.succeed(['check', bench.address(0)])).toContain('[OK] All 16384 slots covered.');
    expect(await bench.succeed(['info', bench.address(0)])).toContain('[OK] 0 keys in 3 masters.');
  });

  it('reshard --from --to --slots --yes --timeout --pipeline', async () => {
    for (let index = 0; index < 20; index++) await bench.on(0, 'SET', `${tag}${index}`, index);
    const ends = ['--from', bench.id(0), '--to', bench.id(1), '--slots', '10'];
    await bench.succeed([
      'reshard',
      ...ends,
      '--yes',
      '--timeout',
      '5000',
      '--pipeline',
      '5',
      bench.address(0),
    ]);
    expect((await bench.slots()).get(0)).toBe(5451);
    expect(await bench.on(1, 'GET', `${tag}19`)).toBe('19');
  });

  it('add-node --slave --master-id', async () => {
    await bench.succeed(['add-node', bench.address(3), bench.address(0)]);
    await bench.succeed([
      'add-node',
      '--slave',
      '--master-id',
      bench.id(2),
      bench.address(4),
      bench.address(0),
    ]);
    expect(await bench.on(4, 'ROLE')).toContain('slave');
  });

  it('rebalance --auto-weights --use-empty-masters --simulate --weight --threshold --pipeline --timeout', async () => {
    const before = await bench.slots();
    const dry = ['rebalance', '--auto-weights', '--use-empty-masters', '--simulate', bench.address(0)];
    expect(await bench.succeed(dry)).toContain('>>> Rebalancing across 4 nodes. Total weight = 4.00\n');
    expect(await bench.slots()).toEqual(before);
    const weights = ['--weight', `${bench.id(0)}=3`, '--weight', `${bench.id(3)}=2`];
    const how = ['--threshold', '1', '--pipeline', '10', '--timeout', '5000', '--use-empty-masters'];
    await bench.succeed(['rebalance', ...weights, ...how, bench.address(0)]);
    const after = await bench.slots();
    expect(Math.abs((after.get(0) ?? 0) - Math.floor((16384 * 3) / 7))).toBeLessThan(2);
  });

  it('fix --timeout', async () => {
    await bench.on(1, 'CLUSTER', 'SETSLOT', 0, 'IMPORTING', bench.id(0)).catch(() => '');
    await bench.on(0, 'CLUSTER', 'SETSLOT', 0, 'IMPORTING', bench.id(1)).catch(() => '');
    expect((await bench.run(['check', bench.address(0)])).code).toBe(1);
    await bench.succeed(['fix', '--timeout', '5000', bench.address(0)]);
    await bench.succeed(['check', bench.address(0)]);
  });

  it('import --from --copy --replace', async () => {
    await source.client.text('SET', `${tag}0`, 'imported');
    const words = ['--from', `127.0.0.1:${source.port}`, '--copy', '--replace', bench.address(0)];
    await bench.succeed(['import', ...words]);
    expect((await redisCli(['-c', '-p', String(bench.live.ports[0]), 'get', `${tag}0`])).stdout).toBe(
      'imported\n',
    );
    expect(await source.client.text('DBSIZE')).toBe('1');
  });

  it('set-timeout, call, del-node, help', async () => {
    expect(await bench.succeed(['set-timeout', bench.address(0), '2000'])).toContain('5 OK, 0 ERR.');
    expect(await bench.succeed(['call', bench.address(0), 'dbsize'])).toContain('>>> Calling dbsize\n');
    await bench.succeed(['del-node', bench.address(0), bench.id(4)]);
    expect(await bench.succeed(['check', bench.address(0)])).not.toContain(bench.address(4));
    expect(await bench.succeed(['help'])).toContain('rebalance');
  });
});
