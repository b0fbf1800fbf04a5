import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startIdOf } from '../../../src/core/process-identity.ts';
import { seededRandom, systemRandom } from '../../../src/core/random.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { type ConfDisk, ConfFile, ConfFileError } from '../../../src/node/bus/conf-file.ts';
import { nodesText } from '../../../src/node/bus/describe.ts';
import { formatNodesConf, parseNodesConf } from '../../../src/node/bus/nodes-conf.ts';
import { startNode } from '../../../src/node/node.ts';
import { NodesTextError } from '../../../src/protocol/text/nodes.ts';
import { MixedCluster } from '../../helpers/mixed-cluster.ts';
import { nodeReady, runNode } from '../../helpers/node-process.ts';
import { RawConnection } from '../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(40)) as [
  string,
  string,
  string,
  string,
];
const sample = [
  `${a} 10.0.0.1:7000@17000,host.example myself,master - 0 1700000000000 5 connected 0-99 200 [7->-${b}] [300-<-${c}]`,
  `${b} 10.0.0.2:7000@17000 master,fail? - 1700000000000 1700000000001 6 connected 100-199`,
  `${c} 10.0.0.3:7001@17001 slave,nofailover ${b} 0 1700000000002 6 disconnected`,
  `${d} :0@0 master,fail,noaddr - 0 0 2 disconnected`,
  'vars currentEpoch 7 lastVoteEpoch 4',
  '',
].join('\n');
const nowMs = 1_800_000_000_000;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trib-conf-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the text of nodes.conf', () => {
  it('is read and written back', () => {
    const state = parseNodesConf(sample, nowMs);
    expect(state.currentEpoch).toBe(7);
    expect(state.lastVoteEpoch).toBe(4);
    expect(state.owner(150)?.id).toBe(b);
    expect(state.migrating.get(7)?.id).toBe(b);
    expect(state.importing.get(300)?.id).toBe(c);
    expect(state.node(c)?.master?.id).toBe(b);
    // Times begin anew, no link is open, and a replica has no epoch of its own.
    const again = sample
      .replace('1700000000000 5', `${nowMs} 5`)
      .replace('1700000000000 1700000000001 6 connected', `${nowMs} ${nowMs} 6 disconnected`)
      .replace('1700000000002', `${nowMs}`);
    expect(formatNodesConf(state)).toBe(again);
    expect(parseNodesConf(formatNodesConf(state), nowMs).myself.id).toBe(a);
    expect(nodesText(state, true).split('\n')).toHaveLength(5);
  });

  it('has its current epoch raised to the greatest one in it', () => {
    expect(parseNodesConf(sample.replace('currentEpoch 7', 'currentEpoch 3'), nowMs).currentEpoch).toBe(6);
  });

  it('may have blank lines and later servers fields', () => {
    const later = sample.replace(',host.example', ',host.example,shard-id=abc').replace('\n', '\n\n\n');
    expect(parseNodesConf(later, nowMs).myself.hostname).toBe('host.example');
  });

  it.each([
    ['nothing', ''],
    ['nobody is myself', sample.replace('myself,', '')],
    ['an unknown flag', sample.replace('fail?', 'ailing')],
    ['a short line', sample.replace(' - 0 1700000000000 5 connected', '')],
    ['a slot that is none', sample.replace('0-99', '0-16384')],
    ['a bad id', sample.replace(a, 'x')],
    ['a bad epoch', sample.replace('currentEpoch 7', 'currentEpoch many')],
    ['half a variable', sample.replace('currentEpoch 7', 'currentEpoch')],
    ['half the file', sample.slice(0, 60)],
  ])('is refused with %s', (_what, text) => {
    expect(() => parseNodesConf(text, nowMs)).toThrow(NodesTextError);
  });
});

describe('the file nodes.conf', () => {
  it('is replaced whole, and leaves nothing beside it', () => {
    const file = new ConfFile(join(dir, 'nodes.conf'), 'one');
    expect(file.read()).toBeUndefined();
    file.write('first, and longer\n');
    file.write('second\n');
    expect(file.read()).toBe('second\n');
    expect(readdirSync(dir).sort()).toEqual(['nodes.conf', 'nodes.conf.lock']);
    file.release();
    expect(readdirSync(dir)).toEqual(['nodes.conf']);
  });

  it('keeps the old text when the new one cannot be written', () => {
    const file = new ConfFile(join(dir, 'nodes.conf'), 'one');
    file.write('old\n');
    rmSync(dir, { recursive: true });
    expect(() => file.write('new\n')).toThrow();
  });

  it('is whole after a failure at any step of a save, and the next save works', () => {
    const path = join(dir, 'nodes.conf');
    const [old, young] = ['old\n'.repeat(50), 'new\n'.repeat(50)];
    const stepsOf = (failsAt: number): { disk: ConfDisk; taken: () => number } => {
      let taken = 0;
      const step = (): void => {
        if (++taken === failsAt) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      };
      const then = <Result>(run: () => Result): Result => {
        step();
        return run();
      };
      const disk: ConfDisk = {
        open: (file) => then(() => openSync(file, 'w')),
        // A disk that takes a few bytes at a time.
        write: (file, bytes) => then(() => writeSync(file, bytes.subarray(0, 60))),
        sync: (file) => then(() => fsyncSync(file)),
        close(file) {
          closeSync(file);
          step();
        },
        rename: (source, target) => then(() => renameSync(source, target)),
        syncFolder: step,
      };
      return { disk, taken: () => taken };
    };
    const all = stepsOf(0);
    const counting = new ConfFile(path, 'count', all.disk);
    counting.write(young);
    counting.release();
    expect(all.taken()).toBeGreaterThan(7);
    for (let failsAt = 1; failsAt <= all.taken(); failsAt++) {
      writeFileSync(path, old);
      const file = new ConfFile(path, `step ${failsAt}`, stepsOf(failsAt).disk);
      expect(() => file.write(young)).toThrow('no space left');
      expect([old, young]).toContain(file.read());
      file.write(young);
      expect(file.read()).toBe(young);
      file.release();
    }
  });

  it('is for one node, in this process or another', async () => {
    const path = join(dir, 'nodes.conf');
    const file = new ConfFile(path, 'one');
    expect(() => new ConfFile(path, 'two')).toThrow(ConfFileError);
    expect(() => new ConfFile(path, 'two')).toThrow(/already used by a different Redis Cluster node/);
    file.release();
    new ConfFile(path, 'three').release();

    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(other, 'spawn');
    writeFileSync(`${path}.lock`, `${other.pid} ${startIdOf(other.pid ?? 0)} token\n`);
    expect(() => new ConfFile(path, 'four')).toThrow(ConfFileError);
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    // A lock whose holder was killed, or whose process id another program has by now, holds nobody back.
    new ConfFile(path, 'five').release();
    writeFileSync(`${path}.lock`, `${process.pid} 1 token\n`);
    new ConfFile(path, 'six').release();
    writeFileSync(`${path}.lock`, '');
    new ConfFile(path, 'seven').release();
    expect(readdirSync(dir).filter((name) => name !== 'nodes.conf')).toEqual([]);
  });

  it('that is broken, or cannot be, keeps a node from starting', async () => {
    const start = (file: string) =>
      startNode({
        argv: ['--cluster-enabled', 'yes', '--dir', dir, '--cluster-config-file', file],
        anyPort: true,
      });
    writeFileSync(join(dir, 'broken.conf'), 'no line of a cluster\n');
    await expect(start('broken.conf')).rejects.toThrow('Unrecoverable error: corrupted cluster config file.');
    expect(readFileSync(join(dir, 'broken.conf'), 'latin1')).toBe('no line of a cluster\n');
    await expect(start('missing/nodes.conf')).rejects.toThrow("Can't open");
    expect(readdirSync(dir)).toEqual(['broken.conf']);
  });
});

describe('a node that cannot keep its nodes.conf', () => {
  it('says so, and ends rather than forget what it has told', async () => {
    const own = join(dir, 'node');
    mkdirSync(own);
    const [port = 0] = await freePorts(1, systemRandom);
    const log: string[] = [];
    const node = await startNode({
      argv: ['--port', String(port), '--cluster-enabled', 'yes', '--dir', own, '--bind', '127.0.0.1'],
      log: (line) => log.push(line),
    });
    const client = await RawConnection.open(port);
    rmSync(own, { recursive: true });
    const refusal = await client.call('CLUSTER', 'SAVECONFIG');
    expect(String(refusal)).toContain('error saving the cluster node config: No such file or directory');
    await client.call('CLUSTER', 'ADDSLOTS', 1).catch(() => undefined);
    expect(await node.ended).toBe(1);
    expect(log.join('')).toContain("Fatal: can't update cluster config file.");
    client.close();
  });
});

describe('a node that is killed while it saves', () => {
  it('starts again with everything that it had acknowledged', async () => {
    const [port = 0] = await freePorts(1, systemRandom);
    const seed = 20_260_917;
    const random = seededRandom(seed);
    const argv = ['--port', String(port), '--cluster-enabled', 'yes', '--dir', dir, '--bind', '127.0.0.1'];
    let acknowledged = 0;
    for (let round = 0; round < 6; round++) {
      const running = runNode([...argv, '--save', '']);
      try {
        await nodeReady(running);
        const client = await RawConnection.open(port);
        const info = await client.text('CLUSTER', 'INFO');
        const found = Number(/cluster_slots_assigned:(\d+)/.exec(info)?.[1]);
        // The one that was under way may have been kept as well.
        expect([acknowledged, acknowledged + 1], `seed ${seed}, round ${round}`).toContain(found);
        acknowledged = found;
        const killAfter = acknowledged + 1 + random.below(40);
        const killTimer = (): boolean => running.child.kill('SIGKILL');
        try {
          for (;;) {
            const adding = client.text('CLUSTER', 'ADDSLOTS', acknowledged);
            if (acknowledged >= killAfter) setTimeout(killTimer, random.below(4));
            await adding;
            acknowledged++;
          }
        } catch {
          // The connection ended with the process.
        }
        client.close();
        await running.ended;
      } finally {
        running.child.kill('SIGKILL');
        await running.ended;
      }
    }
    expect(acknowledged).toBeGreaterThan(6);
  }, 60_000);
});

describe.skipIf(skipWithoutRedisServer)(`nodes.conf beside redis-server's${redisServerNote}`, () => {
  it('is read by the other engine, in both directions', async () => {
    const mixed = await MixedCluster.start(
      ['bundled', 'redis-server', 'bundled'],
      ['--cluster-node-timeout', '2000', '--cluster-announce-hostname', 'same.example'],
    );
    try {
      const [first, second, third] = mixed.members as [
        (typeof mixed.members)[0],
        (typeof mixed.members)[0],
        (typeof mixed.members)[0],
      ];
      await mixed.shareSlots(0, 1);
      await first.meet(second);
      await first.meet(third);
      await mixed.untilJoined();
      await mixed.untilAgreed();
      await first.text('CLUSTER', 'SETSLOT', 5, 'MIGRATING', await second.id());
      await second.text('CLUSTER', 'SETSLOT', 5, 'IMPORTING', await first.id());
      await third.text('CLUSTER', 'REPLICATE', await second.id());
      await until(
        async () => (await first.text('CLUSTER', 'NODES')).includes(' slave '),
        'the replica known',
      );
      const ids = await Promise.all(mixed.members.map((member) => member.id()));
      for (const member of mixed.members) {
        await member.text('CLUSTER', 'SAVECONFIG');
        await member.stop();
        member.engine = member.engine === 'bundled' ? 'redis-server' : 'bundled';
      }
      for (const member of mixed.members) await member.start();
      expect(await Promise.all(mixed.members.map((member) => member.id()))).toEqual(ids);
      await mixed.untilJoined();
      await mixed.untilAgreed();
      expect(await first.text('CLUSTER', 'NODES')).toContain(`[5->-${ids[1]}]`);
      expect(await second.text('CLUSTER', 'NODES')).toContain(`[5-<-${ids[0]}]`);
      expect(await first.text('CLUSTER', 'NODES')).toMatch(
        new RegExp(`${ids[2]} \\S+,same\\.example slave ${ids[1]} `),
      );
    } finally {
      await mixed.stop();
    }
  });

  it('that redis-server uses is not taken', async () => {
    const mixed = await MixedCluster.start(['redis-server']);
    try {
      const path = join(mixed.member(0).dir, 'nodes.conf');
      expect(() => new ConfFile(path, 'one')).toThrow(/already used by a different Redis Cluster node/);
    } finally {
      await mixed.stop();
    }
  });
});
