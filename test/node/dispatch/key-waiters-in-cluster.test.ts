/** Clients that wait for keys of a cluster whose slots and roles change meanwhile, the same on redis-server and on a node. */
import { describe, expect, it } from 'vitest';
import { keySlot } from '../../../src/protocol/slots/key-slot.ts';
import { RawReplies } from '../../helpers/compat.ts';
import { type ClusterEngine, MixedCluster } from '../../helpers/mixed-cluster.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';

/** Two nodes that know each other; the first has all slots. Clients of it wait, and what they are told is kept. */
class Scene {
  readonly cluster: MixedCluster;
  readonly #ids: readonly string[];
  readonly #clients: RawReplies[] = [];
  readonly #told: Promise<string[]>[] = [];

  private constructor(cluster: MixedCluster, ids: readonly string[]) {
    this.cluster = cluster;
    this.#ids = ids;
  }

  static async start(engine: ClusterEngine): Promise<Scene> {
    const cluster = await MixedCluster.start([engine, engine]);
    await cluster.member(0).text('CLUSTER', 'MEET', '127.0.0.1', cluster.member(1).port);
    await cluster.untilJoined();
    await cluster.shareSlots(0);
    await cluster.untilAgreed();
    return new Scene(cluster, await Promise.all(cluster.members.map((member) => member.id())));
  }

  /** On one of the nodes; "<id1>" stands for the second's. */
  async run(index: number, command: string): Promise<void> {
    const words = command
      .split(' ')
      .map((word) => word.replace(/<id(\d)>/, (_, n) => this.#ids[Number(n)] ?? ''));
    await this.cluster.member(index).text(...words);
  }

  async waits(...commands: string[]): Promise<void> {
    for (const command of commands) {
      const client = await RawReplies.open(this.cluster.member(0).port);
      this.#clients.push(client);
      this.#told.push(client.send([command]));
    }
    await until(
      async () =>
        (await this.cluster.member(0).text('INFO', 'clients')).includes(
          `blocked_clients:${this.#told.length}\r`,
        ),
      'the clients to wait',
    );
  }

  async told(): Promise<string[]> {
    const port = String(this.cluster.member(1).port);
    return (await Promise.all(this.#told)).map((replies) => replies.join('').replace(port, '<port>'));
  }

  async stop(): Promise<void> {
    for (const told of this.#told) told.catch(() => {});
    for (const client of this.#clients) client.close();
    await this.cluster.stop();
  }
}

const slot = keySlot('{a}');

const plays: Record<string, (scene: Scene) => Promise<unknown>> = {
  'a slot that goes to another node': async (scene) => {
    await scene.waits('BLPOP {a}k 0', 'BZPOPMIN {a}k {a}l 0', 'BLMOVE {a}k {a}t LEFT LEFT 0');
    await scene.run(1, `CLUSTER SETSLOT ${slot} IMPORTING <id0>`);
    await scene.run(0, `CLUSTER SETSLOT ${slot} MIGRATING <id1>`);
    await scene.run(1, `CLUSTER SETSLOT ${slot} NODE <id1>`);
    await scene.run(0, `CLUSTER SETSLOT ${slot} NODE <id1>`);
    return scene.told();
  },
  'a slot that nobody has any more': async (scene) => {
    await scene.waits('BLPOP {a}k 0');
    await scene.run(0, `CLUSTER DELSLOTS ${slot}`);
    return scene.told();
  },
};

describe.skipIf(skipWithoutRedisServer)(`clients that wait in a cluster${redisServerNote}`, () => {
  async function play(engine: ClusterEngine, name: string): Promise<unknown> {
    const scene = await Scene.start(engine);
    try {
      return await plays[name]?.(scene);
    } finally {
      await scene.stop();
    }
  }

  it.each(Object.keys(plays))('%s', async (name) => {
    expect(await play('bundled', name)).toEqual(await play('redis-server', name));
  });
});
