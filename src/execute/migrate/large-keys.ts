/**
 * Owns the guard against large keys: MIGRATE blocks its master while a value is written, sent and read. One that is too
 * big for the allowed pause goes alone, or stays, as the operator wants; one that would block the master for as long as a
 * failover takes is never sent. Sizes are bytes of memory, as MEMORY USAGE tells them.
 *
 * To ask for the size of every key would cost a fifth of the speed with small values. So all are asked for only where it
 * can matter: when the operator wants such keys left, when all data together could hold a key that is never sent, and
 * when a sample of keys does not account for the data: then there is something large among them.
 */
import { type Command, ReplyError } from '../../client/command.ts';
import type { NodeClient } from '../../client/node-client.ts';
import type { BigKeys, MoveOptions } from '../../plan/plan.ts';
import { infoKeyCount, infoNumber, parseInfo } from '../../protocol/text/info.ts';

/** Seen with a hash of 58 MB: 1.8 s. Strings are faster. */
const bytesPerMs = 32_000;
const usualNodeTimeoutMs = 15_000;

const sampleKeys = 200;
/** What MEMORY USAGE counts for a key beyond what INFO counts as data: its places in hash tables. */
const overheadBytes = 56;
/** The share of all data that a sample may leave open. */
const openShare = 0.25;
/** What a node counts as data without having any key, and what its buffers come to. */
const ownBytes = 1_000_000;
/** A MIGRATE of several keys that took so many times the pause had a large one among them. */
const surprisingPauses = 4;

/** Keys from the first on, as one MIGRATE should take them, and why the next one is not among them, if it stays. */
export interface Portion {
  readonly now: readonly Buffer[];
  readonly stays: StayingKey | undefined;
}

export interface StayingKey {
  readonly key: Buffer;
  readonly why: 'too large' | 'skipped';
}

/** Whose keys are looked at. */
export interface GuardedSource {
  readonly source: NodeClient;
  /** The source, as it is asked for sizes. */
  readonly stream: NodeClient;
  /** Whether the source imports their slots, and has to be asked as such. */
  readonly sourceImports?: boolean;
}

export class SizeGuard {
  readonly #stream: NodeClient;
  readonly #maxPauseMs: number;
  readonly #neverBytes: number;
  readonly #policy: BigKeys;
  readonly #imports: boolean;
  #asks: boolean;

  private constructor(
    { stream, sourceImports = false }: GuardedSource,
    options: MoveOptions,
    nodeTimeoutMs: number,
    dataBytes: number,
  ) {
    this.#stream = stream;
    this.#imports = sourceImports;
    this.#maxPauseMs = options.maxPauseMs;
    this.#policy = options.bigKeys;
    this.#neverBytes = (nodeTimeoutMs / 2) * bytesPerMs;
    this.#asks = options.bigKeys !== 'alone' || dataBytes > this.#neverBytes;
  }

  /** `judge`: whose timeout counts, where the source is in no cluster. */
  static async of(
    guarded: GuardedSource,
    options: MoveOptions,
    judge: NodeClient = guarded.source,
  ): Promise<SizeGuard> {
    const { source } = guarded;
    const questions = [
      ['INFO', 'memory'],
      ['INFO', 'keyspace'],
    ];
    const [[memory, keyspace], [timeout]] = await Promise.all([
      source.pipeline(questions, { repeatable: true }),
      judge.pipeline([['CONFIG', 'GET', 'cluster-node-timeout']], { repeatable: true }),
    ]);
    const dataBytes = infoNumber(parseInfo(String(memory)), 'used_memory_dataset') ?? 0;
    // CONFIG may be refused: then the usual setting is as good a guess as any.
    const setting = Array.isArray(timeout) ? Number(timeout[1]) : Number.NaN;
    const nodeTimeoutMs = Number.isFinite(setting) ? setting : usualNodeTimeoutMs;
    const guard = new SizeGuard(guarded, options, nodeTimeoutMs, dataBytes);
    await guard.#lookAround(source, dataBytes, infoKeyCount(parseInfo(String(keyspace))));
    return guard;
  }

  get #pauseBytes(): number {
    return this.#maxPauseMs * bytesPerMs;
  }

  /** Whether a sample of the keys accounts for the data; if not, all are asked for. */
  async #lookAround(source: NodeClient, dataBytes: number, keyCount: number): Promise<void> {
    if (this.#asks || dataBytes <= this.#pauseBytes || keyCount === 0) return;
    const drawn = await source.pipeline(
      Array.from({ length: sampleKeys }, (): Command => ['RANDOMKEY']),
      { repeatable: true },
    );
    const sizes = await this.#sizesOf(drawn.filter((key) => Buffer.isBuffer(key)));
    const known = sizes.filter((bytes) => bytes > 0);
    const mean = known.reduce((sum, bytes) => sum + bytes - overheadBytes, 0) / Math.max(1, known.length);
    const openBytes = dataBytes - mean * keyCount;
    this.#asks =
      openBytes > Math.max(ownBytes, this.#pauseBytes, dataBytes * openShare) ||
      known.some((bytes) => bytes > this.#pauseBytes);
  }

  /** A MIGRATE of so many keys took the source so long. */
  learn(keys: number, tookMs: number): void {
    if (keys > 1 && tookMs > this.#maxPauseMs * surprisingPauses) this.#asks = true;
  }

  /** As many of the keys, from the first on, as one MIGRATE should take, up to one that stays. */
  async fit(keys: readonly Buffer[]): Promise<Portion> {
    if (!this.#asks) return { now: keys, stays: undefined };
    const sizes = await this.#sizesOf(keys);
    const now: Buffer[] = [];
    let sum = 0;
    for (const [index, key] of keys.entries()) {
      const bytes = sizes[index] ?? 0;
      const why = this.#whyStays(bytes);
      if (why !== undefined) return { now, stays: { key, why } };
      if (now.length > 0 && sum + bytes > this.#pauseBytes) break;
      now.push(key);
      sum += bytes;
    }
    return { now, stays: undefined };
  }

  /** Those of the keys that are too big for the pause. */
  async tooBig(keys: readonly Buffer[]): Promise<Buffer[]> {
    const sizes = await this.#sizesOf(keys);
    return keys.filter((_, index) => (sizes[index] ?? 0) > this.#pauseBytes);
  }

  #whyStays(bytes: number): StayingKey['why'] | undefined {
    if (bytes > this.#neverBytes) return 'too large';
    return bytes > this.#pauseBytes && this.#policy !== 'alone' ? 'skipped' : undefined;
  }

  /** A key that has gone meanwhile, or a server that does not tell: 0, and MIGRATE sees to it. */
  async #sizesOf(keys: readonly Buffer[]): Promise<number[]> {
    const asking: Command[] = this.#imports ? [['ASKING']] : [];
    const replies = await this.#stream.pipeline(
      keys.flatMap((key): Command[] => [...asking, ['MEMORY', 'USAGE', key]]),
      { repeatable: true },
    );
    const sizes = this.#imports ? replies.filter((_, index) => index % 2 === 1) : replies;
    return sizes.map((size) => (size instanceof ReplyError ? 0 : Number(size ?? 0)));
  }
}
