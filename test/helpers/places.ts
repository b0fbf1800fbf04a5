/**
 * Owns the places at which applications are tested: one server, and a cluster, of either engine. What a test expects is
 * the same at each: redis-server is the control.
 */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { createClient, createCluster, type RespVersions } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { MixedCluster } from './mixed-cluster.ts';
import { RawConnection } from './raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from './servers.ts';
import { type StandaloneEngine, startStandalone } from './standalone.ts';

const MODES = ['single', 'cluster'] as const;
const ENGINES = ['redis-server', 'bundled'] as const;
const MASTERS = 3;
/**
 * A redis-server tells of itself to each other node within half of its timeout, and is shown as a replica once it has
 * had something of its master.
 */
const NEWS_IN_TIME = ['--cluster-node-timeout', '4000', '--repl-ping-replica-period', '1'];

export type Mode = (typeof MODES)[number];

export interface PlaceOptions {
  /** Of the first master of a cluster: none by default. */
  readonly replicas?: number;
}

/** node-redis on one server, and on a cluster. */
const nodeRedisClient = (url: string, RESP: RespVersions) => createClient({ url, RESP });
const nodeRedisCluster = (url: string, RESP: RespVersions) => createCluster({ rootNodes: [{ url }], RESP });
export type NodeRedis = ReturnType<typeof nodeRedisClient> | ReturnType<typeof nodeRedisCluster>;

/** Servers of one engine, started once for a test file, empty before each test. */
export class Place {
  readonly mode: Mode;
  readonly engine: StandaloneEngine;
  readonly #replicas: number;
  /** Of all nodes, the masters first. */
  #ports: readonly number[] = [];
  #stop: () => Promise<void> = async () => {};
  #join: () => Promise<void> = async () => {};
  #connections: readonly RawConnection[] = [];
  #endings: (() => unknown)[] = [];

  constructor(mode: Mode, engine: StandaloneEngine, replicas: number) {
    this.mode = mode;
    this.engine = engine;
    this.#replicas = replicas;
  }

  /** Of the server, or of one of the masters. */
  get port(): number {
    return this.#ports[0] ?? 0;
  }
  get masters(): readonly number[] {
    return this.#ports.slice(0, this.mode === 'single' ? 1 : MASTERS);
  }
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Takes free ports: what is started at the same time could take the same ones. */
  async start(): Promise<void> {
    if (this.mode === 'single') {
      const server = await startStandalone(this.engine);
      this.#stop = () => server.stop();
      this.#ports = [server.port];
    } else {
      const count = MASTERS + this.#replicas;
      const cluster = await MixedCluster.start(Array(count).fill(this.engine), NEWS_IN_TIME);
      this.#stop = () => cluster.stop();
      this.#join = () => join(cluster);
      this.#ports = cluster.members.map(({ port }) => port);
    }
  }

  /** Until it serves. */
  async ready(): Promise<void> {
    await this.#join();
    this.#connections = await Promise.all(this.masters.map((port) => RawConnection.open(port)));
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.#stop();
  }

  async flush(): Promise<void> {
    for (const connection of this.#connections) await connection.text('FLUSHALL');
  }

  /** A command on the server, or on every master; replies as text. */
  async tell(...args: (string | number)[]): Promise<string[]> {
    return Promise.all(this.#connections.map((connection) => connection.text(...args)));
  }

  /** Is called after the test, behind what was given later. */
  atEnd(ending: () => unknown): void {
    this.#endings.push(ending);
  }

  async endTest(): Promise<void> {
    for (const ending of this.#endings.splice(0).reverse()) await ending();
  }

  /** A client of ioredis, as applications make one; it is closed after the test. */
  ioredis(options: RedisOptions & ClusterOptions = {}): Redis | Cluster {
    const client =
      this.mode === 'single'
        ? new Redis(this.port, options)
        : new Cluster([{ host: '127.0.0.1', port: this.port }], options);
    this.atEnd(() => client.disconnect());
    return client;
  }

  /** A client of node-redis, connected; it is closed after the test. */
  async nodeRedis(resp: RespVersions = 3): Promise<NodeRedis> {
    const make = this.mode === 'single' ? nodeRedisClient : nodeRedisCluster;
    const client = make(this.url, resp);
    client.on('error', () => {});
    this.atEnd(() => client.destroy());
    await client.connect();
    return client;
  }
}

/** The masters have all slots; replicas are replicas of the first master. */
async function join(cluster: MixedCluster): Promise<void> {
  const [first, ...others] = cluster.members;
  if (first === undefined) return;
  await cluster.shareSlots(...Array(MASTERS).keys());
  await Promise.all(others.map((other) => other.meet(first)));
  const replicas = cluster.members.slice(MASTERS);
  if (replicas.length > 0) await cluster.untilJoined();
  for (const replica of replicas) await replica.text('CLUSTER', 'REPLICATE', await first.id());
  await until(async () => {
    const slots = await cluster.untilAgreed();
    const linked = Number(await first.infoLine('connected_slaves')) === replicas.length;
    return linked && replicas.every(({ port }) => slots.includes(`,${port},`));
  }, 'all to know the replicas');
}

/** The tests at each place; its servers run from before the first of the file until after the last. */
export function describePlaces(tests: (place: Place) => void, { replicas = 0 }: PlaceOptions = {}): void {
  const places = MODES.flatMap((mode) => ENGINES.map((engine) => new Place(mode, engine, replicas)));
  const used = places.filter(({ engine }) => engine === 'bundled' || !skipWithoutRedisServer);
  beforeAll(async () => {
    for (const place of used) await place.start();
    await Promise.all(used.map((place) => place.ready()));
  });
  afterAll(() => Promise.all(used.map((place) => place.stop())));
  for (const place of places) {
    const note = place.engine === 'redis-server' ? redisServerNote : '';
    const title = place.mode === 'single' ? 'one server' : 'a cluster';
    describe.skipIf(!used.includes(place))(`${title}, ${place.engine}${note}`, () => {
      beforeEach(() => place.flush());
      afterEach(() => place.endTest());
      tests(place);
    });
  }
}
