/**
 * Owns the limits of a client: how much it may send before a request is complete, and how much may wait to be sent to it.
 * Source: Redis networking.c checkClientOutputBufferLimits, readQueryFromClient.
 */
import { constants } from 'node:buffer';
import type { BufferClass, BufferLimit } from '../config/special.ts';
import { bufferLimits } from '../config/special.ts';
import type { Config } from '../parts/basics.ts';
import type { Connection } from './connection.ts';

/** A value must fit into one string with room for what frames it. */
const longestBulkBytes = constants.MAX_STRING_LENGTH - 1024;

export class ClientLimits {
  queryBufferBytes = 0;
  maxBulkBytes = 0;
  #output: Record<BufferClass, BufferLimit>;
  #backlogBytes = 0;

  constructor(config: Config) {
    this.#output = bufferLimits(config.text('client-output-buffer-limit'));
    const read = (): void => {
      this.queryBufferBytes = config.number('client-query-buffer-limit');
      this.maxBulkBytes = Math.min(config.number('proto-max-bulk-len'), longestBulkBytes);
      this.#output = bufferLimits(config.text('client-output-buffer-limit'));
      this.#backlogBytes = config.number('repl-backlog-size');
    };
    read();
    for (const name of [
      'client-query-buffer-limit',
      'proto-max-bulk-len',
      'client-output-buffer-limit',
      'repl-backlog-size',
    ])
      config.onChange(name, read);
  }

  #limitOf({ kind }: Connection): BufferLimit {
    return this.#output[kind === 'master' ? 'normal' : kind];
  }

  /** Whether what waits for the client is limited at all. */
  hasHard(client: Connection): boolean {
    return this.#limitOf(client).hardBytes > 0;
  }

  /** Whether so much waits for the client that it must go. Remembers on it since when the soft limit is exceeded. */
  exceeds(client: Connection, nowMs: number): boolean {
    const { kind, pendingBytes: waiting } = client;
    const limit = this.#limitOf(client);
    // A replica may lag as far as a partial resynchronisation reaches anyway.
    const hardBytes =
      kind === 'replica' && limit.hardBytes > 0
        ? Math.max(limit.hardBytes, this.#backlogBytes)
        : limit.hardBytes;
    if (hardBytes > 0 && waiting >= hardBytes) return true;
    if (limit.softBytes === 0 || waiting < limit.softBytes) {
      client.softLimitSinceMs = 0;
      return false;
    }
    if (client.softLimitSinceMs === 0) {
      client.softLimitSinceMs = nowMs;
      return false;
    }
    return nowMs - client.softLimitSinceMs > limit.softSeconds * 1000;
  }
}
