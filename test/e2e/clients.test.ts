import { Cluster as IoredisCluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trib } from '../helpers/run.ts';
import { type Servers, startServers, until } from '../helpers/servers.ts';

// The clients as their documentation shows them, without a setting made for these nodes.
let servers: Servers;
let seed: string;
let port: number;

beforeAll(async () => {
  servers = await startServers(['bundled', 'bundled', 'bundled']);
  seed = servers.addresses[0] ?? '';
  port = servers.nodes[0]?.port ?? 0;
  const created = await trib(['create', ...servers.addresses, '--yes']);
  expect(created.stderr).toBe('');
  expect(created.code).toBe(0);
});
afterAll(() => servers?.stop());

interface StringClient {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<unknown>;
}

/** Writes and reads back without pause while slots move both ways; returns how many keys were written. */
async function throughReshard(client: StringClient, name: string): Promise<number> {
  let moving = true;
  let written = 0;
  const work = async (): Promise<void> => {
    for (let round = 0; moving; round++) {
      const key = `${name}:${written++ % 3000}`;
      await client.set(key, String(round));
      expect(await client.get(key)).toBe(String(round));
    }
  };
  const working = work();
  await until(() => written > 200, 'traffic');
  const [first = '', second = ''] = servers.addresses;
  for (const [source, target] of [
    [first, second],
    [second, first],
  ] as const) {
    const moved = await trib(['reshard', seed, '--from', source, '--to', target, '--slots', '1500', '--yes']);
    expect(moved.stderr).toBe('');
    expect(moved.code).toBe(0);
  }
  moving = false;
  await working;
  return written;
}

describe('ioredis', () => {
  it('works in cluster mode through a reshard', async () => {
    const client = new IoredisCluster([{ host: '127.0.0.1', port }]);
    try {
      expect(await throughReshard(client, 'ioredis')).toBeGreaterThan(200);
      expect(await client.mset('{tag}a', '1', '{tag}b', '2')).toBe('OK');
      expect(await client.mget('{tag}a', '{tag}b', '{tag}none')).toEqual(['1', '2', null]);
      const transaction = await client.multi().incr('{tag}n').incrby('{tag}n', 4).get('{tag}a').exec();
      expect(transaction).toEqual([
        [null, 1],
        [null, 5],
        [null, '1'],
      ]);
      await expect(client.mget('a', 'b')).rejects.toThrow(
        "CROSSSLOT Keys in request don't hash to the same slot",
      );
    } finally {
      client.disconnect();
    }
  });

  it('works with one node: pipelines, binary values, scans, expiry', async () => {
    const client = new Redis(port);
    try {
      const keys = (await client.scan(0, 'COUNT', 10))[1];
      expect(Array.isArray(keys)).toBe(true);
      expect(await client.ping()).toBe('PONG');
      expect(await client.cluster('KEYSLOT', 'foo')).toBe(12182);
      expect((await client.info('server')).includes('redis_version:7.0')).toBe(true);
    } finally {
      client.disconnect();
    }
  });
});

describe('node-redis', () => {
  it.each([2, 3] as const)('works in cluster mode through a reshard, RESP%i', async (RESP) => {
    const client = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }], RESP });
    client.on('error', () => {});
    await client.connect();
    try {
      expect(await throughReshard(client as unknown as StringClient, `node-redis-${RESP}`)).toBeGreaterThan(
        200,
      );
      expect(await client.mSet({ '{tag}x': '1', '{tag}y': '2' })).toBe('OK');
      expect(await client.mGet(['{tag}x', '{tag}y'])).toEqual(['1', '2']);
      const key = `{tag}counter${RESP}`;
      expect(await client.multi().incr(key).incrBy(key, 4).exec()).toEqual([1, 5]);
    } finally {
      await client.close();
    }
  });

  it('works with one node', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    try {
      expect(await client.ping()).toBe('PONG');
      expect(await client.info('cluster')).toContain('cluster_enabled:1');
    } finally {
      await client.close();
    }
  });
});
