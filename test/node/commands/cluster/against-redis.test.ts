import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawReplies } from '../../../helpers/compat.ts';
import { type ClusterEngine, MixedCluster } from '../../../helpers/mixed-cluster.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../../helpers/servers.ts';

/** A pair of nodes of one engine, and what is different between two such pairs. */
class Pair {
  readonly cluster: MixedCluster;
  readonly #connections: readonly RawReplies[];
  ids: readonly string[] = [];

  private constructor(cluster: MixedCluster, connections: readonly RawReplies[]) {
    this.cluster = cluster;
    this.#connections = connections;
  }

  static async start(engine: ClusterEngine, directives: readonly string[]): Promise<Pair> {
    const cluster = await MixedCluster.start([engine, engine], directives);
    const pair = new Pair(
      cluster,
      await Promise.all(cluster.members.map(({ port }) => RawReplies.open(port))),
    );
    await pair.learnIds();
    return pair;
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.cluster.stop();
  }

  async learnIds(): Promise<void> {
    this.ids = await Promise.all(this.cluster.members.map((member) => member.id()));
  }

  /** The bytes of the reply; `<id0>`, `<port1>` and so on stand for what is this pair's own. */
  async ask(index: number, command: string): Promise<string> {
    const words = command.split(' ').map((word) =>
      word.replace(/<(id|port)(\d)>/g, (_all, kind: string, place: string) => {
        const member = this.cluster.member(Number(place));
        return kind === 'id' ? (this.ids[Number(place)] ?? '') : String(member.port);
      }),
    );
    const [reply = ''] = (await this.#connections[index]?.send([words])) ?? [];
    return this.#normal(reply);
  }

  #normal(text: string): string {
    let normal = text;
    for (const [place, id] of this.ids.entries()) normal = normal.replaceAll(id, `<id${place}>`);
    for (const [place, { port, busPort }] of this.cluster.members.entries()) {
      normal = normal.replaceAll(String(busPort), `<bus${place}>`).replaceAll(String(port), `<port${place}>`);
    }
    normal = normal
      .replace(/(\$2\r\nid\r\n):\d+/, '$1:<client>')
      .replace(/(replication-offset\r\n):\d+/g, '$1:<offset>');
    return /^[$=]\d+\r\n(?:txt:)?<id/.test(normal) ? sortedNodes(normal) : normal;
  }
}

/** CLUSTER NODES without the times of PINGs and PONGs (and so without its length), its lines in one order. */
function sortedNodes(reply: string): string {
  const [, kind = '', text = ''] = /^([$=])\d+\r\n(?:txt:)?(.*)\r\n$/s.exec(reply) ?? [];
  const lines = text
    .split('\n')
    .map((line) => line.replace(/ \d+ \d+ (\d+ (?:dis)?connected)/, ' <times> $1'));
  return kind + lines.sort().join('\n');
}

async function compare(pairs: readonly Pair[], steps: readonly (readonly [number, string])[]): Promise<void> {
  for (const [index, command] of steps) {
    const [ours, theirs] = await Promise.all(pairs.map((pair) => pair.ask(index, command)));
    expect(JSON.stringify(`${command} -> ${ours}`)).toBe(JSON.stringify(`${command} -> ${theirs}`));
  }
}

const unknownId = 'f'.repeat(40);
const on = (index: number, ...commands: string[]): [number, string][] =>
  commands.map((command) => [index, command]);

describe.skipIf(skipWithoutRedisServer)(`CLUSTER beside redis-server${redisServerNote}`, () => {
  let pairs: Pair[] = [];
  beforeAll(async () => {
    const directives = ['--cluster-node-timeout', '5000', '--cluster-require-full-coverage', 'no'];
    // A replica is listed from its first byte of the stream on, which is the master's first PING.
    directives.push('--repl-ping-replica-period', '1');
    pairs = await Promise.all([Pair.start('bundled', directives), Pair.start('redis-server', directives)]);
  });
  afterAll(() => Promise.all(pairs.map((pair) => pair.stop())));

  it('refuses what cannot be, before anything is set up', async () => {
    await compare(
      pairs,
      on(
        0,
        'CLUSTER',
        'CLUSTER NOSUCH',
        'CLUSTER NODES extra',
        'CLUSTER MEET 127.0.0.1',
        'CLUSTER MEET 127.0.0.1 abc',
        'CLUSTER MEET 127.0.0.1 0',
        'CLUSTER MEET 127.0.0.1 70000',
        'CLUSTER MEET 127.0.0.1 60000',
        'CLUSTER MEET localhost <port1>',
        'CLUSTER MEET 127.0.0.1 <port1> x',
        'CLUSTER MEET 127.0.0.1 <port1> 0',
        'CLUSTER MEET 127.0.0.1 <port1> 1 2',
        'CLUSTER MEET 300.0.0.1 <port1>',
        'CLUSTER MEET 127.0.0.01 <port1>',
        'CLUSTER ADDSLOTS',
        'CLUSTER ADDSLOTS x',
        'CLUSTER ADDSLOTS -1',
        'CLUSTER ADDSLOTS 16384',
        'CLUSTER ADDSLOTS 1 1',
        'CLUSTER ADDSLOTS 01',
        'CLUSTER DELSLOTS 1',
        'CLUSTER ADDSLOTSRANGE 1',
        'CLUSTER ADDSLOTSRANGE 1 2 3',
        'CLUSTER ADDSLOTSRANGE 5 4',
        'CLUSTER ADDSLOTSRANGE 1 5 4 6',
        'CLUSTER DELSLOTSRANGE 1 5',
        'CLUSTER DELSLOTSRANGE 1 5 7',
        'CLUSTER SETSLOT 1',
        'CLUSTER SETSLOT x NODE <id0>',
        'CLUSTER SETSLOT 1 NODE',
        'CLUSTER SETSLOT 1 NOSUCH <id0>',
        'CLUSTER SETSLOT 1 constructor <id0>',
        'CLUSTER SETSLOT 1 STABLE extra',
        'CLUSTER SETSLOT 1 MIGRATING <id1>',
        `CLUSTER SETSLOT 1 IMPORTING ${unknownId}`,
        `CLUSTER SETSLOT 1 NODE ${unknownId}`,
        `CLUSTER FORGET ${unknownId}`,
        'CLUSTER FORGET <id0>',
        `CLUSTER REPLICATE ${unknownId}`,
        'CLUSTER REPLICATE <id0>',
        `CLUSTER REPLICAS ${unknownId}`,
        'CLUSTER REPLICAS <id0>',
        'CLUSTER SLAVES <id0>',
        `CLUSTER COUNT-FAILURE-REPORTS ${unknownId}`,
        'CLUSTER COUNT-FAILURE-REPORTS <id0>',
        'CLUSTER SET-CONFIG-EPOCH x',
        'CLUSTER SET-CONFIG-EPOCH -1',
        'CLUSTER RESET NOSUCH',
        'CLUSTER RESET HARD extra',
        'CLUSTER KEYSLOT',
        'CLUSTER KEYSLOT {a}b',
        'CLUSTER COUNTKEYSINSLOT x',
        'CLUSTER COUNTKEYSINSLOT 16384',
        'CLUSTER COUNTKEYSINSLOT 0',
        'CLUSTER GETKEYSINSLOT 0',
        'CLUSTER GETKEYSINSLOT 0 x',
        'CLUSTER GETKEYSINSLOT 0 -1',
        'CLUSTER GETKEYSINSLOT -1 1',
        'CLUSTER GETKEYSINSLOT 0 1',
        'CLUSTER LINKS',
        'CLUSTER SLOTS',
        'CLUSTER SAVECONFIG',
        'ASKING',
        'READONLY',
        'READWRITE',
        'ASKING now',
        'GET a',
        'MGET a b',
        'SELECT 1',
      ),
    );
  });

  it('shows a lone node alike', async () => {
    await compare(
      pairs,
      on(
        0,
        'CLUSTER NODES',
        'CLUSTER SHARDS',
        'CLUSTER ADDSLOTS 0 2 4 5 6',
        'CLUSTER ADDSLOTSRANGE 10 20 30 31',
        'CLUSTER DELSLOTS 5',
        'CLUSTER DELSLOTSRANGE 11 12 30 30',
        'CLUSTER ADDSLOTS 7 2',
        'CLUSTER SET-CONFIG-EPOCH 9',
        'CLUSTER SET-CONFIG-EPOCH 10',
        'CLUSTER BUMPEPOCH',
        'CLUSTER NODES',
        'CLUSTER SLOTS',
        'CLUSTER SHARDS',
        'HELLO 3',
        'CLUSTER NODES',
        'CLUSTER SLOTS',
        'CLUSTER SHARDS',
        'CONFIG SET cluster-announce-hostname host.example',
        'CLUSTER MYID',
        'CONFIG SET cluster-preferred-endpoint-type hostname',
        'CLUSTER SLOTS',
        'CLUSTER SHARDS',
        'CLUSTER NODES',
        'CONFIG SET cluster-preferred-endpoint-type unknown-endpoint',
        'CLUSTER SLOTS',
        'CLUSTER SHARDS',
        'HELLO 2',
        'CLUSTER SLOTS',
        'CLUSTER SHARDS',
        'CONFIG SET cluster-announce-hostname hyphen-ated',
        'CONFIG SET cluster-announce-hostname under_score',
        'CONFIG SET cluster-announce-hostname ',
        'CONFIG SET cluster-preferred-endpoint-type hostname',
        'CLUSTER SLOTS',
        'CLUSTER SHARDS',
        'CONFIG SET cluster-preferred-endpoint-type ip',
        'CONFIG SET cluster-announce-ip 10.1.2.3',
        'CONFIG SET cluster-announce-port 12345',
        'CONFIG SET cluster-announce-bus-port 12346',
        'CLUSTER NODES',
        'CLUSTER SLOTS',
        'CONFIG SET cluster-announce-ip ',
        'CONFIG SET cluster-announce-port 0',
        'CONFIG SET cluster-announce-bus-port 0',
        'CLUSTER NODES',
        'CONFIG SET cluster-replica-no-failover yes',
        'CLUSTER NODES',
        'CONFIG SET cluster-replica-no-failover no',
        'CLUSTER NODES',
        `DEBUG CLUSTERLINK KILL all ${unknownId}`,
        'DEBUG CLUSTERLINK KILL all',
        'DEBUG DROP-CLUSTER-PACKET-FILTER x',
        'DEBUG DROP-CLUSTER-PACKET-FILTER 4',
        'DEBUG DROP-CLUSTER-PACKET-FILTER -1',
        'CLUSTER FLUSHSLOTS',
        'CLUSTER SLOTS',
        'CLUSTER RESET HARD',
      ),
    );
    await Promise.all(pairs.map((pair) => pair.learnIds()));
    const wanted = on(0, 'CLUSTER NODES', 'CLUSTER BUMPEPOCH', 'CLUSTER BUMPEPOCH');
    await compare(pairs, wanted);
    const [ours = '', theirs = ''] = await Promise.all(pairs.map((pair) => pair.ask(0, 'CLUSTER HELP')));
    expect(ours).toBe(theirs);
  });

  it('shows two nodes alike, moves slots alike, and redirects alike', async () => {
    await compare(pairs, [
      ...on(1, 'CLUSTER SET-CONFIG-EPOCH 50'),
      ...on(0, 'CLUSTER ADDSLOTSRANGE 0 9999'),
      ...on(1, 'CLUSTER ADDSLOTSRANGE 10000 16383'),
      ...on(0, 'CLUSTER MEET 127.0.0.1 <port1>'),
    ]);
    await Promise.all(pairs.map(({ cluster }) => cluster.untilJoined(2)));
    await Promise.all(pairs.map(({ cluster }) => cluster.untilAgreed()));
    await sameNodes(pairs);
    await compare(pairs, [
      ...on(0, 'CLUSTER SLOTS', 'CLUSTER SET-CONFIG-EPOCH 7', 'SET b 1', 'SET a 1', 'GET a', 'MGET a b'),
      ...on(1, 'SET a 1', 'SET b 1', 'GET {a}1', 'MGET {a}1 {a}2', 'EXISTS {a}1'),
      // Slot 3300 ("b") goes from the first to the second node, with a key.
      ...on(0, 'CLUSTER SETSLOT 3300 IMPORTING <id1>', 'CLUSTER SETSLOT 15495 MIGRATING <id1>'),
      ...on(1, 'CLUSTER SETSLOT 3300 IMPORTING <id0>'),
      ...on(0, 'CLUSTER SETSLOT 3300 MIGRATING <id1>'),
      ...on(
        0,
        'GET b',
        'GET {b}1',
        'MGET b {b}1',
        'MGET {b}1 {b}2',
        'SET {b}1 x',
        'CLUSTER COUNTKEYSINSLOT 3300',
      ),
      // Between the two ends of an open slot keys move freely; elsewhere MIGRATE is sent on like others.
      ...on(0, 'MIGRATE 127.0.0.1 <port1> {b}miss 0 1000', 'MIGRATE 127.0.0.1 <port1> a 0 1000'),
      ...on(1, 'MIGRATE 127.0.0.1 <port0> {b}miss 0 1000', 'MIGRATE 127.0.0.1 <port0> {foo}b 0 1000'),
      ...on(0, 'MIGRATE 127.0.0.1 <port1>  0 1000 KEYS {b}miss {b}gone'),
      ...on(0, 'MULTI', 'GET b', 'SET {b}2 x', 'EXEC'),
      ...on(0, 'MULTI', 'GET b', 'SET b 2', 'EXEC'),
      ...on(1, 'GET b', 'GET {b}1', 'ASKING', 'GET {b}1', 'GET {b}1', 'ASKING', 'MGET {b}1 {b}2'),
      ...on(1, 'ASKING', 'SET {b}1 y', 'ASKING', 'MGET {b}1 {b}1', 'ASKING', 'MULTI', 'GET {b}1', 'EXEC'),
      ...on(0, 'CLUSTER SETSLOT 3300 NODE <id1>', 'DEL b', 'CLUSTER GETKEYSINSLOT 3300 10'),
      ...on(1, 'CLUSTER GETKEYSINSLOT 3300 10', 'CLUSTER SETSLOT 3300 NODE <id1>', 'GET {b}1'),
      ...on(0, 'CLUSTER SETSLOT 3300 NODE <id1>', 'GET {b}1', 'CLUSTER SETSLOT 3300 MIGRATING <id1>'),
    ]);
    await Promise.all(pairs.map(({ cluster }) => cluster.untilAgreed()));
    await sameNodes(pairs);
    await compare(pairs, [
      ...on(0, 'CLUSTER SETSLOT 3300 IMPORTING <id1>', 'CLUSTER SLOTS'),
      ...on(0, 'CLUSTER SETSLOT 3300 STABLE', 'CLUSTER SETSLOT 3300 STABLE', 'CLUSTER FLUSHSLOTS'),
      ...on(1, 'CLUSTER REPLICATE <id0>', 'CLUSTER FORGET <id1>', 'CLUSTER RESET', 'CLUSTER FLUSHSLOTS'),
    ]);
  });

  it('moves the last slot of a master alike, and serves reads on a replica alike', async () => {
    await compare(pairs, [
      ...on(1, 'FLUSHALL'),
      ...on(0, 'SET {b}1 x', 'SET foo{06S} 1', 'FLUSHALL'),
      ...on(1, 'CLUSTER DELSLOTSRANGE 10000 16383'),
      ...on(0, 'CLUSTER ADDSLOTS 10000'),
      ...on(0, 'CLUSTER DELSLOTS 10000'),
      ...on(1, 'CLUSTER SETSLOT 3300 NODE <id0>'),
    ]);
    await untilNodes(pairs, 1, /<id1> \S+ myself,slave <id0> /);
    await compare(pairs, [
      ...on(
        1,
        'CLUSTER SETSLOT 1 STABLE',
        'CLUSTER REPLICAS <id1>',
        'GET b',
        'READONLY',
        'SET b 1',
        'READWRITE',
      ),
      ...on(1, 'MULTI', 'GET b'),
      ...on(1, 'EXEC', 'CLUSTER FORGET <id0>'),
    ]);
    await untilNodes(pairs, 0, /<id1> \S+ slave <id0> /);
    await compare(
      pairs,
      on(0, 'CLUSTER REPLICATE <id1>', 'CLUSTER SETSLOT 1 NODE <id1>', 'CLUSTER FORGET <id1>'),
    );
  });

  it('refuses alike while the cluster is down', async () => {
    const down = 'CONFIG SET cluster-require-full-coverage yes';
    // Redis looks at the coverage again when slots have changed.
    await compare(pairs, on(0, 'SET b 1', down, 'CLUSTER DELSLOTS 1', 'CLUSTER ADDSLOTS 1'));
    await compare(pairs, on(1, down, 'CLUSTER DELSLOTS 1'));
    await until(async () => {
      const members = pairs.flatMap(({ cluster }) => cluster.members);
      const states = await Promise.all(members.map((member) => member.info('cluster_state')));
      return states.every((state) => state === 'fail');
    }, 'fail everywhere');
    await until(async () => {
      const replies = await Promise.all(pairs.map((pair) => pair.ask(1, 'CLUSTER SLOTS')));
      // The replica learns the slot that it forgot from its master's next packet; from then on nothing changes.
      return replies.every((reply) => reply.startsWith('*1\r\n') && reply.includes('<id1>'));
    }, 'the replica, and one range of slots again, in its CLUSTER SLOTS');
    const requests = [
      'GET b',
      'SET b 2',
      'MGET b {b}1',
      'MGET b a',
      'GET a',
      'DBSIZE',
      'MULTI',
      'GET b',
      'EXEC',
      'MULTI',
      'EXEC',
    ];
    await compare(pairs, [
      ...on(0, ...requests),
      ...on(1, 'READONLY', 'GET b', 'READWRITE', 'GET b'),
      ...on(0, 'CONFIG SET cluster-allow-reads-when-down yes', ...requests),
      ...on(
        1,
        'CONFIG SET cluster-allow-reads-when-down yes',
        'READONLY',
        'GET b',
        'SET b 3',
        'READWRITE',
        'GET b',
      ),
      ...on(0, 'CONFIG SET cluster-preferred-endpoint-type unknown-endpoint', 'GET {b}2'),
      ...on(1, 'CONFIG SET cluster-preferred-endpoint-type unknown-endpoint', 'GET b', 'CLUSTER SLOTS'),
      ...on(
        1,
        'CONFIG SET cluster-preferred-endpoint-type hostname',
        'GET b',
        'CLUSTER SLOTS',
        'CLUSTER SHARDS',
      ),
    ]);
  });
});

async function sameNodes(pairs: readonly Pair[]): Promise<void> {
  await compare(pairs, [...on(0, 'CLUSTER NODES'), ...on(1, 'CLUSTER NODES')]);
}

async function untilNodes(pairs: readonly Pair[], index: number, pattern: RegExp): Promise<void> {
  await until(async () => {
    const texts = await Promise.all(pairs.map((pair) => pair.ask(index, 'CLUSTER NODES')));
    return texts.every((text) => pattern.test(text));
  }, `${pattern} in CLUSTER NODES`);
}
