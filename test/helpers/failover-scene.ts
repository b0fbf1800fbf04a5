/**
 * Owns the scene in which a master is killed in the middle of a move: three redis-server masters with a replica each,
 * clients that write new keys into the moving slots and count those that a replica has confirmed, and kill -9.
 */

import { messageOf } from '../../src/core/errors.ts';
import { seededRandom } from '../../src/core/random.ts';
import { reshard } from '../../src/execute/operations/reshard.ts';
import { defaultMoveOptions } from '../../src/plan/plan.ts';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { parseNodes } from '../../src/protocol/text/nodes.ts';
import { type LiveCluster, startCluster } from './live-cluster.ts';
import { RawConnection } from './raw-connection.ts';
import { until } from './servers.ts';

export interface FailoverFindings {
  /** "done", or the words of the error with which the move ended. */
  readonly outcome: string;
  /** Writes that were acknowledged, and by WAIT 1 on a replica as well. */
  readonly acknowledged: number;
  /** Those of them that are not there at the end. */
  readonly lost: readonly string[];
  /** Slots that were moved after the kill. */
  readonly movedAfter: number;
  readonly tookMs: number;
  /** What is wrong with the cluster at the end: slots that are open, or claimed by nobody. */
  readonly errors: readonly string[];
}

const movedSlots = 200;
const keysEach = 25;

/** Moves slots from the first master to the second, and kills one of them when some have gone over. */
export async function moveThroughFailover(
  victim: 'source' | 'target',
  seed: number,
): Promise<FailoverFindings> {
  const random = seededRandom(seed);
  const live = await startCluster(6, {
    replicas: 1,
    nodeTimeoutMs: 1000,
    directives: [['repl-diskless-sync-delay', '0']],
  });
  try {
    await untilReplicated(live);
    const nodes = await nodesOf(live.ports[0] ?? 0);
    const ownerOf = (slot: number) =>
      nodes.find(({ slots }) => slots.some(({ first, last }) => first <= slot && slot <= last));
    const [source, target] = [ownerOf(0), ownerOf(16_383)];
    const tags = tagsOf(movedSlots);
    await fill(source?.port ?? 0, tags);
    const tell = (text: string): void => {
      if (process.env['TRIB_TEST_TELL'] !== undefined)
        console.info(`${Math.round(performance.now())} ${text}`);
    };
    const writers = startWriters(live.ports, tags, 4);
    const killAfter = 20 + random.below(movedSlots - 60);
    let [moved, movedAfter, isKilled] = [0, 0, false];
    let outcome = 'done';
    const startMs = performance.now();
    const seedPort = ownerOf(8000)?.port ?? 0;
    try {
      const operation = reshard({
        seeds: [{ host: '127.0.0.1', port: seedPort }],
        request: () => ({
          slots: movedSlots,
          targetId: target?.id ?? '',
          sourceIds: [source?.id ?? ''],
          options: { ...defaultMoveOptions, keysPerSecond: 6000 },
        }),
      });
      for await (const event of operation) {
        if (event.type === 'retrying') tell(`${event.node.port}: ${event.reason}`);
        if (event.type !== 'slot-moved') continue;
        moved++;
        if (isKilled) movedAfter++;
        if (moved < killAfter || isKilled) continue;
        isKilled = true;
        const port = (victim === 'source' ? source : target)?.port ?? 0;
        tell(`kill ${port} after ${moved} slots`);
        await live.kill(live.ports.indexOf(port));
      }
    } catch (error) {
      outcome = messageOf(error);
    }
    tell(`${outcome} ${moved}`);
    const tookMs = performance.now() - startMs;
    const acknowledged = await writers.stop();
    tell(`${acknowledged.size} acknowledged`);
    const client = new Client(live.ports);
    const lost: string[] = [];
    for (const [key, value] of acknowledged) {
      const found = await client.get(key).catch((error: unknown) => error);
      if (found !== value) lost.push(`${key}: ${messageOf(found)}`);
      // Each key that nobody answers for takes its time.
      if (lost.length === 5) break;
    }
    client.close();
    const errors = await problemsOf(seedPort);
    tell(`${lost.join(', ')} ${errors.join(', ')}`);
    return { outcome, acknowledged: acknowledged.size, lost, movedAfter, tookMs, errors };
  } finally {
    await live.stop();
  }
}

/** One hash tag for each of the first slots. */
function tagsOf(slots: number): string[] {
  const tags: string[] = new Array(slots);
  for (let number = 0, found = 0; found < slots; number++) {
    const slot = keySlot(String(number));
    if (slot >= slots || tags[slot] !== undefined) continue;
    tags[slot] = String(number);
    found++;
  }
  return tags;
}

async function fill(port: number, tags: readonly string[]): Promise<void> {
  const connection = await RawConnection.open(port);
  for (const tag of tags) {
    await connection.pipeline(
      Array.from({ length: keysEach }, (_, index) => ['SET', `{${tag}}:${index}`, 'x'.repeat(100)]),
    );
  }
  connection.close();
}

async function nodesOf(port: number): Promise<ReturnType<typeof parseNodes>> {
  const connection = await RawConnection.open(port);
  const lines = parseNodes(await connection.text('CLUSTER', 'NODES'));
  connection.close();
  return lines;
}

async function untilReplicated(live: LiveCluster): Promise<void> {
  for (const port of live.ports) {
    const connection = await RawConnection.open(port);
    await until(async () => {
      const info = await connection.text('INFO', 'replication');
      return info.includes('state=online') || info.includes('master_link_status:up');
    }, 'replicas in sync');
    connection.close();
  }
}

/** Open slots at any master, and slots of nobody, once all masters that are left say the same. */
async function problemsOf(port: number): Promise<string[]> {
  let problems: string[] = [];
  await until(
    async () => {
      const masters = (await nodesOf(port)).filter(
        ({ flags }) => flags.includes('master') && !flags.includes('fail'),
      );
      const views = await Promise.all(masters.map((line) => nodesOf(line.port)));
      const open = views.flat().flatMap(({ migrating, importing }) => [...migrating, ...importing]);
      const count = masters
        .flatMap(({ slots }) => slots)
        .reduce((sum, { first, last }) => sum + last - first + 1, 0);
      problems = [
        ...open.map(({ slot }) => `slot ${slot} is open`),
        ...(count === 16_384 ? [] : [`${count} slots are covered`]),
      ];
      return problems.length === 0;
    },
    'a cluster without open slots',
    5000,
  ).catch(() => {});
  return problems;
}

/** A client that follows redirections, as far as the scene needs it. */
class Client {
  readonly #ports: readonly number[];
  readonly #connections = new Map<number, RawConnection>();
  readonly #owners = new Map<number, number>();

  constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** The reply of a command about a key, and where it came from. Throws when nobody answers it for ten seconds. */
  async ask(key: string, command: readonly string[]): Promise<{ reply: unknown; connection: RawConnection }> {
    const slot = keySlot(key);
    const deadlineMs = performance.now() + 10_000;
    let asking: number | undefined;
    for (let round = 0; performance.now() < deadlineMs; round++) {
      const port = asking ?? this.#owners.get(slot) ?? this.#ports[round % this.#ports.length] ?? 0;
      try {
        const connection = await this.#at(port);
        const replies = await inTime(
          connection.pipeline(asking === undefined ? [[...command]] : [['ASKING'], [...command]]),
        );
        const reply = replies.at(-1);
        asking = undefined;
        if (!(reply instanceof Error)) return { reply, connection };
        const [word, , address = ''] = reply.message.split(' ');
        const to = Number(address.slice(address.lastIndexOf(':') + 1));
        if (word === 'ASK') asking = to;
        else if (word === 'MOVED') this.#owners.set(slot, to);
        else await pause();
      } catch {
        asking = undefined;
        this.#connections.delete(port);
        this.#owners.delete(slot);
        await pause();
      }
    }
    throw new Error(`nobody answers for ${key}`);
  }

  async get(key: string): Promise<string> {
    const { reply } = await this.ask(key, ['GET', key]);
    return String(reply);
  }

  /** Whether the write was acknowledged by the master and a replica. */
  async set(key: string, value: string): Promise<boolean> {
    const { reply, connection } = await this.ask(key, ['SET', key, value]);
    if (String(reply) !== 'OK') return false;
    try {
      return Number(await inTime(connection.text('WAIT', 1, 500))) >= 1;
    } catch {
      // The next command would wait for ever on it.
      for (const [port, known] of this.#connections) if (known === connection) this.#connections.delete(port);
      return false;
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #at(port: number): Promise<RawConnection> {
    let connection = this.#connections.get(port);
    if (connection === undefined) {
      connection = await RawConnection.open(port);
      this.#connections.set(port, connection);
    }
    return connection;
  }
}

/** A connection that was closed while nothing was asked does not answer at all. */
function inTime<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), 2000);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

interface Writers {
  stop(): Promise<ReadonlyMap<string, string>>;
}

/** Each key is written once: what is read at the end is what was written, or was lost. */
function startWriters(ports: readonly number[], tags: readonly string[], count: number): Writers {
  const acknowledged = new Map<string, string>();
  let running = true;
  const write = async (writer: number): Promise<void> => {
    const client = new Client(ports);
    for (let round = 0; running; round++) {
      const tag = tags[(round * 7 + writer * 53) % tags.length];
      const [key, value] = [`{${tag}}:w${writer}.${round}`, `${writer}.${round}`];
      try {
        if (await client.set(key, value)) acknowledged.set(key, value);
      } catch {
        // Nobody answered for it: not acknowledged.
      }
    }
    client.close();
  };
  const loops = Array.from({ length: count }, (_, writer) => write(writer));
  return {
    async stop() {
      running = false;
      await Promise.all(loops);
      return acknowledged;
    },
  };
}
