/**
 * Owns the guard against keys so large that moving them would stop their master for as long as a failover takes:
 * MIGRATE blocks it while a value is written, sent and read. Sizes are asked for only where such a key can be at all,
 * since no key is larger than all data together. Sizes are bytes of memory, as MEMORY USAGE tells them.
 */
import { type Command, ReplyError } from '../../../client/command.ts';
import type { NodeClient } from '../../../client/node-client.ts';
import { infoNumber, parseInfo } from '../../../protocol/text/info.ts';
import type { Ends } from './ends.ts';

/** Seen with a hash of 58 MB: 1.8 s. */
const bytesPerMs = 32_000;
/** What one MIGRATE takes when sizes are known. */
const batchMs = 5;
const usualNodeTimeoutMs = 15_000;

/** A key whose move would block its master for longer than half the node timeout. */
export interface LargeKey {
  readonly key: Buffer;
  readonly bytes: number;
}

export class SizeGuard {
  readonly nodeTimeoutMs: number;
  readonly #stream: NodeClient;
  readonly #asks: boolean;

  private constructor(stream: NodeClient, nodeTimeoutMs: number, dataBytes: number) {
    this.#stream = stream;
    this.nodeTimeoutMs = nodeTimeoutMs;
    this.#asks = dataBytes > this.#limitBytes;
  }

  static async of({ source, stream }: Ends): Promise<SizeGuard> {
    const [memory, timeout] = await source.pipeline(
      [
        ['INFO', 'memory'],
        ['CONFIG', 'GET', 'cluster-node-timeout'],
      ],
      { repeatable: true },
    );
    const dataBytes = infoNumber(parseInfo(String(memory)), 'used_memory_dataset') ?? 0;
    // CONFIG may be refused: then the usual setting is as good a guess as any.
    const setting = Array.isArray(timeout) ? Number(timeout[1]) : Number.NaN;
    return new SizeGuard(stream, Number.isFinite(setting) ? setting : usualNodeTimeoutMs, dataBytes);
  }

  get #limitBytes(): number {
    return (this.nodeTimeoutMs / 2) * bytesPerMs;
  }

  /** How long a MIGRATE of so many bytes would block its master, roughly. */
  blockingMs(bytes: number): number {
    return bytes / bytesPerMs;
  }

  /** As many of the keys, from the first on, as one MIGRATE should take; or one that is too large, where it stands. */
  async fit(
    keys: readonly Buffer[],
  ): Promise<{ readonly now: readonly Buffer[]; readonly large: LargeKey | undefined }> {
    if (!this.#asks) return { now: keys, large: undefined };
    const sizes = await this.#stream.pipeline(
      keys.map((key): Command => ['MEMORY', 'USAGE', key]),
      { repeatable: true },
    );
    const now: Buffer[] = [];
    let sum = 0;
    for (const [index, key] of keys.entries()) {
      const size = sizes[index];
      // A key that has gone meanwhile, or a server that does not tell: MIGRATE sees to it.
      const bytes = size instanceof ReplyError ? 0 : Number(size ?? 0);
      if (bytes > this.#limitBytes) return { now, large: { key, bytes } };
      if (now.length > 0 && sum + bytes > batchMs * bytesPerMs) break;
      now.push(key);
      sum += bytes;
    }
    return { now, large: undefined };
  }
}
