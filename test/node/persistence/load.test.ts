import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/core/random.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { NodeStartError, startNode } from '../../../src/node/node.ts';
import { RdbWriter } from '../../../src/protocol/rdb/writer.ts';
import { RawConnection } from '../../helpers/raw-connection.ts';
import { until } from '../../helpers/servers.ts';
import { startStandalone } from '../../helpers/standalone.ts';

const POSITION = { id: 'a'.repeat(40), offset: 1234, streamDb: 1 };

interface Key {
  readonly name: string;
  readonly value?: string;
  readonly expireAtMs?: number;
}

/** An RDB of database 0. */
function rdbOf(keys: readonly Key[], checksum = true): Buffer {
  const writer = new RdbWriter({ compress: false, checksum });
  const info = { redisVersion: '7.0.15', createdAtSeconds: 1, usedMemoryBytes: 1000 };
  writer.header({ ...info, replication: POSITION });
  writer.resizeDb(0, keys.length, 0);
  for (const { name, value = `value of ${name}`, expireAtMs = -1 } of keys)
    writer.entry(name, value, expireAtMs);
  writer.end();
  return writer.take();
}

describe('a node that starts with an RDB file', () => {
  let dir = '';
  const file = (): string => join(dir, 'dump.rdb');

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-load-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** The log of a start that must fail, and its last words. */
  async function failingStart(
    directives: readonly string[] = [],
  ): Promise<{ log: string[]; message: string }> {
    const log: string[] = [];
    const argv = ['--dir', dir, '--bind', '127.0.0.1', ...directives];
    const failure = await startNode({ anyPort: true, argv, log: (line) => log.push(line.trimEnd()) }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(failure).toBeInstanceOf(NodeStartError);
    return { log, message: (failure as Error).message };
  }

  it.each([
    ['cut short', (rdb: Buffer) => rdb.subarray(0, -20), /Short read or OOM loading DB/],
    ['cut before its checksum', (rdb: Buffer) => rdb.subarray(0, -8), /Short read or OOM loading DB/],
    ['with a flipped bit', (rdb: Buffer) => flipped(rdb), /Internal error in RDB reading .* RDB CRC error/],
    ['of an unknown type', (rdb: Buffer) => retyped(rdb), /Internal error in RDB reading .* unknown type/],
  ])('refuses one that is %s, and serves nothing', async (_name, damage, reason) => {
    writeFileSync(file(), damage(rdbOf([{ name: 'a' }, { name: 'b' }])));
    const before = readFileSync(file());
    const { log, message } = await failingStart();
    expect(message).toBe('Terminating server after rdb file reading failure.');
    expect(log.join('\n')).toMatch(reason);
    expect(log.join('\n')).not.toContain('Ready to accept');
    expect(readFileSync(file()).equals(before)).toBe(true);
  });

  it.each([
    ['no RDB at all', 'a text of more than nine bytes', /Wrong signature trying to load DB from file/],
    ['of a later version', 'REDIS0099 whatever', /Can't handle RDB format version 99/],
  ])('refuses one that is %s', async (_name, content, reason) => {
    writeFileSync(file(), content);
    const { log, message } = await failingStart();
    expect(message).toBe('Fatal error loading the DB: Invalid argument. Exiting.');
    expect(log.join('\n')).toMatch(reason);
  });

  it('refuses an empty file, and keys that are there twice', async () => {
    writeFileSync(file(), '');
    expect((await failingStart()).log.join('\n')).toContain('Short read or OOM loading DB');
    writeFileSync(file(), rdbOf([{ name: 'twice' }, { name: 'twice' }]));
    expect((await failingStart()).log.join('\n')).toContain("RDB has duplicated key 'twice' in DB 0");
  });

  it('takes a wrong checksum where none is asked for, and a file without one', async () => {
    writeFileSync(file(), flipped(rdbOf([{ name: 'a' }])));
    const lax = await startStandalone('bundled', ['--dir', dir, '--rdbchecksum', 'no']);
    expect(await lax.client.text('DBSIZE')).toBe('1');
    await lax.stop();
    writeFileSync(file(), rdbOf([{ name: 'a' }], false));
    const strict = await startStandalone('bundled', ['--dir', dir]);
    expect(await strict.client.text('GET', 'a')).toBe('value of a');
    await strict.stop();
  });

  it('leaves out what has expired; a replica keeps it for its master', async () => {
    const past = Date.now() - 1000;
    writeFileSync(file(), rdbOf([{ name: 'a' }, { name: 'gone', expireAtMs: past }]));
    const master = await startStandalone('bundled', ['--dir', dir]);
    expect(await master.client.text('DBSIZE')).toBe('1');
    expect(await master.info('rdb_last_load_keys_expired')).toBe('1');
    expect(await master.info('rdb_last_load_keys_loaded')).toBe('1');
    expect(await master.info('rdb_changes_since_last_save')).toBe('0');
    expect(master.log.join('\n')).toContain('Done loading RDB, keys loaded: 1, keys expired: 1.');
    expect(master.log.join('\n')).toMatch(/DB loaded from disk: \d+\.\d{3} seconds/);
    expect(master.node?.parts.persistence.position).toEqual(POSITION);
    await master.stop();
    const [nobody = 0] = await freePorts(1, systemRandom);
    const replica = await startStandalone('bundled', ['--dir', dir, '--replicaof', `127.0.0.1 ${nobody}`]);
    expect(await replica.client.text('DBSIZE')).toBe('2');
    expect(await replica.client.text('GET', 'a')).toBe('value of a');
    await replica.stop();
  });

  it('tells clients to wait while it reads, and how far it is', async () => {
    const keys = Array.from({ length: 3000 }, (_, n) => ({ name: `key${n}`, value: 'x'.repeat(100) }));
    writeFileSync(file(), rdbOf(keys));
    const slow = [
      '--enable-protected-configs',
      'yes',
      '--key-load-delay',
      '500',
      '--loading-process-events-interval-bytes',
      '1024',
    ];
    const asked: string[] = [];
    let questions: Promise<void> | undefined;
    const node = await startNode({
      anyPort: true,
      argv: ['--dir', dir, '--bind', '127.0.0.1', ...slow],
      onListening: ({ port }) => {
        questions = (async () => {
          const client = await RawConnection.open(port);
          // It listens a moment before it opens the file.
          await until(async () => (await client.text('INFO')).includes('loading_start_time'), 'it to read');
          for (const words of [
            ['GET', 'key0'],
            ['PING'],
            ['INFO', 'persistence'],
            ['CONFIG', 'SET', 'dir', '/'],
          ])
            asked.push(String(await client.call(...words)));
          client.close();
        })();
      },
    });
    await questions;
    const [get, ping, info = '', set] = asked;
    for (const reply of [get, ping, set])
      expect(reply).toMatch(/LOADING Redis is loading the dataset in memory/);
    const size = statSync(file()).size;
    expect(info).toMatch(/^loading:1\r$/m);
    expect(info).toMatch(new RegExp(`^loading_total_bytes:${size}\r$`, 'm'));
    const loaded = Number(/^loading_loaded_bytes:(\d+)/m.exec(info)?.[1]);
    expect(loaded).toBeLessThan(size);
    expect(info).toMatch(/^loading_start_time:\d{10}\r$/m);
    expect(info).toMatch(/^loading_eta_seconds:\d+\r$/m);
    expect(node.parts.loading).toBe(false);
    expect(node.parts.databases[0]?.size).toBe(3000);
    await node.close();
  });

  it('can be ended while it reads, without a word to its file', async () => {
    writeFileSync(file(), rdbOf(Array.from({ length: 1000 }, (_, n) => ({ name: `key${n}` }))));
    const before = readFileSync(file());
    const argv = ['--dir', dir, '--bind', '127.0.0.1', '--save', '1 1', '--key-load-delay', '100000'];
    const node = await startNode({
      anyPort: true,
      argv: [...argv, '--loading-process-events-interval-bytes', '1024'],
      onListening: ({ parts }) => {
        parts.server.stopping.begin({ save: true, nosave: false, now: false, force: false }, undefined);
      },
    });
    expect(await node.ended).toBe(0);
    expect(readFileSync(file()).equals(before)).toBe(true);
  });

  it('of a cluster takes the slots of its keys that are nobody’s', async () => {
    writeFileSync(file(), rdbOf([{ name: 'foo' }, { name: 'bar' }]));
    const node = await startStandalone('bundled', ['--dir', dir, '--cluster-enabled', 'yes']);
    expect(node.log.join('\n')).toContain(
      'I have keys for unassigned slot 12182. Taking responsibility for it.',
    );
    expect(await node.client.text('CLUSTER', 'SLOTS')).toMatch(/5061.*12182/);
    expect(await node.client.text('CLUSTER', 'COUNTKEYSINSLOT', 5061)).toBe('1');
    expect(existsSync(join(dir, 'nodes.conf'))).toBe(true);
    await node.stop();
  });
});

function flipped(rdb: Buffer): Buffer {
  const damaged = Buffer.from(rdb);
  const at = damaged.indexOf('value of a');
  damaged[at] = (damaged[at] as number) ^ 1;
  return damaged;
}

/** The first key becomes one of a type that there is not. */
function retyped(rdb: Buffer): Buffer {
  const damaged = Buffer.from(rdb);
  const at = damaged.indexOf('value of a');
  // Before it: the type, the length of the key, the key, the length of the value.
  damaged[at - 4] = 200;
  return damaged;
}
