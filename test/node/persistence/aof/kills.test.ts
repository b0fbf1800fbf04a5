import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Random, seededRandom, systemRandom } from '../../../../src/core/random.ts';
import { freePorts } from '../../../../src/local/ports.ts';
import { type NodeProcess, nodeReady, runNode } from '../../../helpers/node-process.ts';
import { RawConnection, type RawReply } from '../../../helpers/raw-connection.ts';
import { until } from '../../../helpers/servers.ts';

/** `npm run test:kills` does all of them; a sample otherwise. */
const all = process.env['TRIB_KILLS'] === 'all';
const killsAlways = all ? 200 : 4;
const killsEverysec = all ? 50 : 2;
const seed = Number(process.env['TRIB_SEED'] ?? systemRandom.below(2 ** 31));

const WRITERS = 6;
/** What one writer has on its way at the same time. */
const DEPTH = 4;

/**
 * One client that counts: its n-th transaction makes the counter n, adds n to a list, and writes a key. Whatever is on disk,
 * a transaction is there as a whole or not at all, and those before it are too.
 */
class Writer {
  readonly name: string;
  sent = 0;
  /** The largest n that was acknowledged, and by when. */
  readonly acknowledged: { readonly n: number; readonly atMs: number }[] = [];

  constructor(name: string) {
    this.name = name;
  }

  async write(client: RawConnection): Promise<void> {
    const numbers = Array.from({ length: DEPTH }, () => ++this.sent);
    const commands = numbers.flatMap((n) => [
      ['MULTI'],
      ['INCR', `counter:${this.name}`],
      ['RPUSH', `list:${this.name}`, n],
      ['SET', `key:${this.name}:${n}`, `value ${n} \xff\r\n`, 'EX', 10_000],
      ['EXEC'],
    ]);
    const replies = await client.pipeline(commands);
    for (const [index, n] of numbers.entries()) {
      const reply = replies[index * 5 + 4] as RawReply[];
      if (!Array.isArray(reply) || reply[0] !== n) throw new Error(`${this.name} ${n}: ${String(reply)}`);
      this.acknowledged.push({ n, atMs: performance.now() });
    }
  }

  acknowledgedBy(atMs: number): number {
    return this.acknowledged.findLast((each) => each.atMs <= atMs)?.n ?? this.acknowledged[0]?.n ?? 0;
  }

  /** From the data that are there now. */
  goOnFrom(n: number): void {
    this.sent = n;
    this.acknowledged.length = 0;
    this.acknowledged.push({ n, atMs: 0 });
  }
}

/** Writes until the connection is lost. */
async function keepWriting(port: number, writer: Writer): Promise<void> {
  const client = await RawConnection.open(port);
  try {
    for (;;) await writer.write(client);
  } catch (error) {
    if (!(error instanceof Error) || !/closed/.test(error.message)) throw error;
  } finally {
    client.close();
  }
}

/** Rewrites one after another, in both formats; which of them are under way when the node is killed is chance. */
async function keepRewriting(port: number, random: Random): Promise<void> {
  const client = await RawConnection.open(port);
  try {
    for (;;) {
      await client.call('CONFIG', 'SET', 'aof-use-rdb-preamble', random.below(2) === 0 ? 'yes' : 'no');
      await client.call('BGREWRITEAOF');
      await new Promise((resolve) => setTimeout(resolve, random.below(150)));
    }
  } catch (error) {
    if (!(error instanceof Error) || !/closed/.test(error.message)) throw error;
  } finally {
    client.close();
  }
}

/** What is there of a writer's: all of its transactions up to one, whole. */
async function countOf(client: RawConnection, { name }: Writer): Promise<number> {
  const count = Number(await client.call('GET', `counter:${name}`));
  const list = (await client.call('LRANGE', `list:${name}`, 0, -1)) as Buffer[];
  expect(list.map(Number)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  const keys = ['MGET', ...list.map((n) => `key:${name}:${n}`), `key:${name}:${count + 1}`];
  const values = ((await client.call(...keys)) as (Buffer | null)[]).map(
    (value) => value?.toString() ?? null,
  );
  const expected = list.map((n) => `value ${n} \xff\r\n`);
  expect(values).toEqual([...expected, null]);
  return count;
}

describe(`a node with an append only file that is killed under load (seed ${seed})`, () => {
  let dir: string;
  let node: NodeProcess | undefined;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-kills-'));
  });
  afterEach(async () => {
    node?.child.kill('SIGKILL');
    await node?.ended;
    rmSync(dir, { recursive: true, force: true });
  });

  const killAgainAndAgain = async (kills: number, appendfsync: string, lossMs: number): Promise<void> => {
    const random = seededRandom(seed);
    const [port = 0] = await freePorts(1, random);
    const writers = Array.from({ length: WRITERS }, (_, index) => new Writer(`w${index}`));
    const totals = { acknowledged: 0, lost: 0, kills: 0, duringRewrite: 0 };
    const start = async (): Promise<NodeProcess> => {
      const argv = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
      node = runNode([...argv, '--appendonly', 'yes', '--appendfsync', appendfsync]);
      await nodeReady(node);
      return node;
    };
    for (let kill = 1; kill <= kills; kill++) {
      const running = await start();
      const client = await RawConnection.open(port);
      for (const writer of writers) writer.goOnFrom(await countOf(client, writer));
      client.close();
      const load = [
        ...writers.map((writer) => keepWriting(port, writer)),
        keepRewriting(port, seededRandom(seed + kill)),
      ];
      await new Promise((resolve) => setTimeout(resolve, 20 + random.below(500)));
      const killedAtMs = performance.now();
      running.child.kill('SIGKILL');
      await running.ended;
      await Promise.all(load);
      totals.kills++;
      const begun = running.stdout.match(/rewriting started/g)?.length ?? 0;
      const ended = running.stdout.match(/rewrite finished successfully/g)?.length ?? 0;
      if (begun > ended) totals.duringRewrite++;
      const again = await start();
      const check = await RawConnection.open(port);
      for (const writer of writers) {
        const count = await countOf(check, writer);
        const acknowledged = writer.acknowledgedBy(killedAtMs - lossMs);
        expect(count, `kill ${kill}, ${writer.name}`).toBeGreaterThanOrEqual(acknowledged);
        expect(count, `kill ${kill}, ${writer.name}`).toBeLessThanOrEqual(writer.sent);
        const last = writer.acknowledged.at(-1)?.n ?? 0;
        totals.acknowledged += last - (writer.acknowledged[0]?.n ?? 0);
        totals.lost += Math.max(0, last - count);
      }
      // Small, so that the check stays quick.
      if (kill % 10 === 0) await check.call('FLUSHALL');
      check.close();
      const stopped = again.ended;
      again.child.kill(random.below(2) === 0 ? 'SIGTERM' : 'SIGKILL');
      await until(() => again.exitCode !== undefined, 'the end of the node');
      await stopped;
    }
    expect(totals.kills).toBe(kills);
    if (!all) return;
    expect(totals.duringRewrite).toBeGreaterThan(kills / 10);
    console.info(`appendfsync ${appendfsync}: ${JSON.stringify(totals)}`);
  };

  it(
    `loses nothing that was acknowledged with appendfsync always (${killsAlways} kills)`,
    () => killAgainAndAgain(killsAlways, 'always', 0),
    killsAlways * 10_000,
  );

  it(
    `loses at most the last second with everysec (${killsEverysec} kills)`,
    () => killAgainAndAgain(killsEverysec, 'everysec', 1000),
    killsEverysec * 10_000,
  );
});
