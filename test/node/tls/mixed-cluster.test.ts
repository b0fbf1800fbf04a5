import { readFileSync } from 'node:fs';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority, opensslNote, skipWithoutOpenssl } from '../../helpers/certificates.ts';
import { type ClusterMember, MixedCluster } from '../../helpers/mixed-cluster.ts';
import { RawConnection, type RawReply, type RawTls } from '../../helpers/raw-connection.ts';
import { redisCli, trib } from '../../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { startTraffic } from '../../helpers/traffic.ts';

/** Masters of either engine, then a replica of the other engine for the first two. */
const engines = [
  'redis-server',
  'bundled-process',
  'redis-server',
  'bundled-process',
  'redis-server',
] as const;

/** What a node tells this client of where nodes are: ports of CLUSTER SLOTS and of CLUSTER NODES, the shards' both. */
async function shownTo(
  client: RawConnection,
): Promise<{ ports: number[]; lines: string[]; shards: string[] }> {
  const slots = (await client.call('CLUSTER', 'SLOTS')) as [number, number, ...RawReply[][]][];
  const ports = slots.flatMap(([, , ...nodes]) => nodes.map(([, port]) => Number(port)));
  const lines = (await client.text('CLUSTER', 'NODES')).trim().split('\n');
  const replicas = (await client.call('CLUSTER', 'REPLICAS', masterOf(lines))) as Buffer[];
  const shards = (await client.call('CLUSTER', 'SHARDS')) as [Buffer, RawReply, Buffer, RawReply[][]][];
  const addresses = (texts: readonly string[]): string[] =>
    texts.map((line) => line.split(' ').slice(0, 2).join(' ')).sort();
  return {
    ports: [...new Set(ports)].sort(),
    lines: [...addresses(lines), ...addresses(replicas.map(String))],
    shards: shards
      .flatMap(([, , , nodes]) => nodes.map((fields) => /port .*(?= ip)/.exec(fields.join(' '))?.[0] ?? ''))
      .sort(),
  };
}

/** Of the first replica in lines of CLUSTER NODES. */
function masterOf(lines: readonly string[]): string {
  return (
    [...lines]
      .sort()
      .find((line) => / (?:myself,)?slave /.test(line))
      ?.split(' ')[3] ?? ''
  );
}

describe.skipIf(skipWithoutRedisServer || skipWithoutOpenssl)(
  `a cluster with TLS, of bundled nodes and redis-server${redisServerNote}${opensslNote}`,
  () => {
    let authority: Authority;
    let cluster: MixedCluster;
    let tls: RawTls & { cert: Buffer; key: Buffer };
    let flags: string[];
    const dead = new Set<ClusterMember>();
    const address = (index: number): string => `127.0.0.1:${cluster.member(index).sparePort}`;
    const open = (port: number, isTls: boolean): Promise<RawConnection> =>
      RawConnection.open(port, '127.0.0.1', isTls ? tls : undefined);
    const ours = async (words: readonly string[]): Promise<string> => {
      const ran = await trib([...words, ...flags]);
      expect([words[0], ran.code, ran.stderr]).toEqual([words[0], 0, '']);
      return ran.stdout;
    };

    beforeAll(async () => {
      authority = new Authority();
      const { cert, key } = authority.sign('node');
      flags = ['--tls', '--cacert', authority.cert, '--cert', cert, '--key', key];
      tls = {
        ca: readFileSync(authority.cert),
        cert: readFileSync(cert),
        key: readFileSync(key),
        checkServerIdentity: () => undefined,
      };
      cluster = await MixedCluster.start(engines, (_, sparePort) => [
        ...['--tls-port', String(sparePort), '--tls-cluster', 'yes', '--tls-replication', 'yes'],
        ...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', authority.cert],
        ...['--cluster-node-timeout', '1500'],
      ]);
      await ours(['create', ...[0, 1, 2].map(address), '--yes']);
      for (const replica of [3, 4])
        await cluster.member(replica).text('CLUSTER', 'MEET', '127.0.0.1', cluster.member(0).sparePort);
      await cluster.untilJoined();
      for (const replica of [3, 4]) {
        const masterId = await cluster.member(replica - 3).id();
        await cluster.member(replica).text('CLUSTER', 'REPLICATE', masterId);
      }
      for (const replica of [3, 4])
        await until(
          async () => (await cluster.member(replica).infoLine('master_link_status')) === 'up',
          'the link to the master',
        );
    });
    afterAll(async () => {
      await cluster?.stop();
      authority?.remove();
    });

    it('follows and leads over TLS, and is known by the port for it', async () => {
      for (const [master, replica] of [
        [0, 3],
        [1, 4],
      ] as const) {
        const { sparePort } = cluster.member(replica);
        expect(await cluster.member(master).infoLine('slave0')).toMatch(
          new RegExp(`^ip=127.0.0.1,port=${sparePort},state=online`),
        );
        // Each was asked with PSYNC, and did not have to come again with SYNC.
        expect(await cluster.member(master).infoLine('cmdstat_sync')).toBe('');
        expect(await cluster.member(replica).infoLine('master_port')).toBe(
          String(cluster.member(master).sparePort),
        );
      }
    });

    it('shows clients the ports that they can use, as redis-server does', async () => {
      // A replica is listed once it has something of its master.
      for (const master of [0, 1]) await cluster.member(master).call('PUBLISH', 'x', 'y');
      await until(
        async () => ((await cluster.untilAgreed()).match(/127\.0\.0\.1/g) ?? []).length === engines.length,
        'the replicas to be listed',
      );
      for (const isTls of [false, true]) {
        const seen = await Promise.all(
          cluster.members.map(async ({ port, sparePort }) => {
            const client = await open(isTls ? sparePort : port, isTls);
            const shown = await shownTo(client);
            client.close();
            return shown;
          }),
        );
        for (const shown of seen) expect(shown).toEqual(seen[0]);
        for (const { port, sparePort } of cluster.members) {
          expect(seen[0]?.ports).toContain(isTls ? sparePort : port);
          expect(seen[0]?.ports).not.toContain(isTls ? port : sparePort);
          expect(seen[0]?.shards).toContain(`port ${port} tls-port ${sparePort}`);
        }
      }
    });

    it('sends clients on to the port of their kind', async () => {
      for (const from of [0, 1])
        for (const isTls of [false, true]) {
          const { port, sparePort } = cluster.member(from);
          const client = await open(isTls ? sparePort : port, isTls);
          const target = cluster.member(2);
          expect(String(await client.call('GET', 'foo'))).toBe(
            `ReplyError: MOVED 12182 127.0.0.1:${isTls ? target.sparePort : target.port}`,
          );
          client.close();
        }
    });

    it('serves ioredis, node-redis and redis-cli while slots move both ways', async () => {
      const options = { ...tls, rejectUnauthorized: true };
      const traffic = startTraffic(cluster.member(1).sparePort, 4, 100, undefined, options);
      const client = createCluster({
        rootNodes: [{ url: `rediss://${address(1)}` }],
        defaults: { socket: { tls: true, ...tls } },
      });
      client.on('error', () => {});
      await client.connect();
      await client.set('node-redis', 'was here');
      for (const [source, target] of [
        [0, 1],
        [1, 0],
      ] as const)
        await ours([
          ...['reshard', address(2), '--from', address(source), '--to', address(target)],
          ...['--slots', '100', '--yes'],
        ]);
      expect(await client.get('node-redis')).toBe('was here');
      await client.close();
      const { errors, wrongReads, lostWrites, writes } = await traffic.stop();
      expect([errors, wrongReads, lostWrites]).toEqual([[], 0, 0]);
      expect(writes).toBeGreaterThan(100);
      const { sparePort } = cluster.member(1);
      const ran = await redisCli(['-c', '-p', String(sparePort), ...flags, 'get', 'node-redis']);
      expect(ran.stdout).toBe('was here\n');
      await ours(['check', address(1)]);
    });

    it.each([
      ['a bundled master', 1, 4],
      ['a redis-server', 0, 3],
    ] as const)('takes over when %s is killed', async (_, killed, successor) => {
      const master = cluster.member(killed);
      const keys = Number(await master.text('DBSIZE'));
      expect(keys).toBeGreaterThan(0);
      await until(async () => Number(await cluster.member(successor).text('DBSIZE')) === keys, 'all keys');
      await master.stop();
      dead.add(master);
      const left = cluster.members.filter((member) => !dead.has(member));
      const role = (): Promise<string> => cluster.member(successor).infoLine('role');
      await until(async () => (await role()) === 'master', 'the replica to take over');
      await cluster.untilAgreed(left);
      expect(await cluster.member(successor).text('DBSIZE')).toBe(String(keys));
    });
  },
);
