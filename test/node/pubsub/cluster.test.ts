/** Messages over the bus, in a cluster of nodes and redis-servers, and what becomes of channels whose slot moves. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../../src/protocol/slots/key-slot.ts';
import { type ClusterMember, MixedCluster } from '../../helpers/mixed-cluster.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { Subscriber } from '../../helpers/subscriber.ts';

/** Two masters of either engine, and a replica of the other for each. */
const [NODE, REDIS, NODE_REPLICA, REDIS_REPLICA] = [0, 1, 2, 3];

describe.skipIf(skipWithoutRedisServer)(`pub/sub in a mixed cluster${redisServerNote}`, () => {
  let cluster: MixedCluster | undefined;
  const member = (index: number): ClusterMember => {
    if (cluster === undefined) throw new Error('the cluster is not started yet');
    return cluster.member(index);
  };

  beforeAll(async () => {
    cluster = await MixedCluster.start(['bundled', 'redis-server', 'bundled', 'redis-server']);
    await cluster.shareSlots(NODE, REDIS);
    for (const other of [REDIS, NODE_REPLICA, REDIS_REPLICA]) await member(other).meet(member(NODE));
    await cluster.untilJoined();
    // Each replica is of the other engine than its master.
    for (const [replica, master] of [
      [NODE_REPLICA, REDIS],
      [REDIS_REPLICA, NODE],
    ] as const) {
      const id = await member(master).id();
      await until(
        async () => String(await member(replica).call('CLUSTER', 'REPLICATE', id)) === 'OK',
        'the replica to know its master',
      );
    }
    await cluster.untilAgreed();
  }, 60_000);
  afterAll(() => cluster?.stop());

  /** Subscribers at all nodes. */
  async function everywhere(resp: 2 | 3, ...commands: string[]): Promise<Subscriber[]> {
    const found: Subscriber[] = [];
    for (const { port } of cluster?.members ?? []) {
      const subscriber = await Subscriber.open(port);
      await subscriber.take(
        '$4\r\nlast\r\n',
        ...(resp === 3 ? ['HELLO 3'] : []),
        ...commands,
        'SUBSCRIBE last',
      );
      found.push(subscriber);
    }
    return found;
  }

  it.each([NODE, REDIS, NODE_REPLICA, REDIS_REPLICA])(
    'PUBLISH on node %i reaches the subscribers of all nodes',
    async (publisher) => {
      for (const resp of [2, 3] as const) {
        const subscribers = await everywhere(resp, 'SUBSCRIBE a', 'PSUBSCRIBE a*');
        // Only those of the node itself are counted.
        expect(await member(publisher).call('PUBLISH', 'a', 'text\r\nand more')).toBe(2);
        await member(publisher).call('PUBLISH', 'last', 'end');
        const heard = await Promise.all(subscribers.map((subscriber) => subscriber.take('$3\r\nend\r\n')));
        const mark = resp === 2 ? '*' : '>';
        expect(heard[0]).toContain(`${mark}3\r\n$7\r\nmessage\r\n$1\r\na\r\n$14\r\ntext\r\nand more\r\n`);
        expect(heard[0]).toContain(`${mark}4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$14\r\n`);
        for (const text of heard) expect(text).toBe(heard[0]);
        for (const subscriber of subscribers) subscriber.close();
      }
    },
  );

  it.each([
    ['foo{3}', NODE, REDIS_REPLICA],
    ['foo{1}', REDIS, NODE_REPLICA],
  ] as const)(
    'SPUBLISH %s reaches the master and the replica of the slot',
    async (channel, master, replica) => {
      for (const publisher of [master, replica]) {
        const subscribers = await Promise.all(
          [master, replica].map((index) => Subscriber.open(member(index).port)),
        );
        for (const subscriber of subscribers) await subscriber.take(':1\r\n', `SSUBSCRIBE ${channel}`);
        expect(await member(publisher).call('SPUBLISH', channel, 'end')).toBe(1);
        for (const subscriber of subscribers)
          expect(await subscriber.take('end\r\n')).toBe(
            `*3\r\n$8\r\nsmessage\r\n$${channel.length}\r\n${channel}\r\n$3\r\nend\r\n`,
          );
        for (const subscriber of subscribers) subscriber.close();
      }
    },
  );

  it('channels of shards are sent to where their slot is, as on redis-server', async () => {
    const refusals = async (index: number, channel: string): Promise<string[]> => {
      const replies: string[] = [];
      for (const words of [
        ['SSUBSCRIBE', channel],
        ['SPUBLISH', channel, 'x'],
        ['SUNSUBSCRIBE', channel],
        ['SSUBSCRIBE', channel, 'somewhere else'],
        ['SUNSUBSCRIBE', channel, 'somewhere else'],
      ])
        replies.push(String(await member(index).call(...words)));
      return replies;
    };
    const [ofNode, ofRedis] = [await refusals(NODE, 'foo{1}'), await refusals(REDIS, 'foo{3}')];
    const moved = (channel: string, target: number): string =>
      `ReplyError: MOVED ${keySlot(channel)} 127.0.0.1:${member(target).port}`;
    expect(ofNode.slice(0, 3)).toEqual(new Array(3).fill(moved('foo{1}', REDIS)));
    expect(ofRedis.slice(0, 3)).toEqual(new Array(3).fill(moved('foo{3}', NODE)));
    expect(ofNode.slice(3)).toEqual(ofRedis.slice(3));
    expect(ofNode[3]).toMatch(/CROSSSLOT/);
  });

  it('a slot that moves ends the subscriptions to its channels, on the master and the replica', async () => {
    const channel = 'foo{3}';
    const slot = keySlot(channel);
    const subscribers: Subscriber[] = [];
    for (const [index, hello] of [
      [NODE, []],
      [NODE, ['HELLO 3']],
      [REDIS_REPLICA, []],
    ] as const) {
      const subscriber = await Subscriber.open(member(index).port);
      await subscriber.take('ssubscribe', ...hello, `SSUBSCRIBE ${channel} other{3}`);
      subscribers.push(subscriber);
    }
    const targetId = await member(REDIS).id();
    for (const index of [REDIS, NODE]) await member(index).text('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    for (const [place, subscriber] of subscribers.entries()) {
      const text = await subscriber.take(':0\r\n');
      const mark = place === 1 ? '>' : '*';
      expect(text).toContain(`${mark}3\r\n$12\r\nsunsubscribe\r\n$6\r\n${channel}\r\n`);
      expect(text).toContain(`${mark}3\r\n$12\r\nsunsubscribe\r\n$8\r\nother{3}\r\n`);
    }
    expect(await member(NODE).call('PUBSUB', 'SHARDCHANNELS')).toEqual([]);
    // No subscriber any more: all commands are its own again.
    expect(await subscribers[0]?.take('\r\n', 'PUBSUB NUMPAT')).toBe(':0\r\n');
    for (const subscriber of subscribers) subscriber.close();
  });

  it('cluster-allow-pubsubshard-when-down decides while the cluster is down', async () => {
    const lone = await MixedCluster.start(['bundled', 'redis-server']);
    try {
      const said: string[][] = [];
      for (const each of lone.members) {
        const replies: string[] = [];
        // Most slots are nobody's.
        await each.text('CLUSTER', 'ADDSLOTSRANGE', 0, 2000);
        for (const setting of ['yes', 'no']) {
          await each.text('CONFIG', 'SET', 'cluster-allow-pubsubshard-when-down', setting);
          for (const channel of ['{3}', '{1}'])
            replies.push(String(await each.call('SPUBLISH', channel, 'x')));
        }
        replies.push(String(await each.call('PUBLISH', 'a', 'x')));
        said.push(replies);
      }
      const unserved = 'ReplyError: CLUSTERDOWN Hash slot not served';
      expect(said[1]).toEqual(['0', unserved, 'ReplyError: CLUSTERDOWN The cluster is down', unserved, '0']);
      expect(said[0]).toEqual(said[1]);
    } finally {
      await lone.stop();
    }
  });
});
