/**
 * Owns the traffic that a cluster client makes while a test changes the cluster: workers that write keys of their
 * own and read them back at once. What was acknowledged is remembered, and must be there at the end.
 */
import type { ConnectionOptions } from 'node:tls';
import { Cluster } from 'ioredis';

export interface TrafficFindings {
  readonly writes: number;
  readonly reads: number;
  /** Reads that did not return what the same worker had written before. */
  readonly wrongReads: number;
  /** Keys whose last acknowledged write is not there at the end. */
  readonly lostWrites: number;
  readonly errors: readonly string[];
}

export interface Traffic {
  readonly writes: number;
  /** Ends the workers, looks for every acknowledged write, and closes the client. */
  stop(): Promise<TrafficFindings>;
}

const usualKey = (worker: number, index: number): string => `traffic:${worker}:${index}`;

/** A command is tried so often before its failure counts. */
const attempts = 5;

/**
 * ioredis fails what is under way when it loses all its nodes at once: a node that has just left answers its question
 * for the map of slots with an empty one. It comes back by itself, and an application tries again.
 */
async function triedAgain<T>(command: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await command();
    } catch (error) {
      const lost = error instanceof Error && error.message === 'Connection is closed.';
      if (!lost || attempt === attempts) throw error;
    }
  }
}

/** `workers` loops over `keysEach` keys each, on a cluster client that starts from `port`; with `tls`, that is a port for it. */
export function startTraffic(
  port: number,
  workers = 8,
  keysEach = 200,
  keyOf = usualKey,
  tls?: ConnectionOptions,
): Traffic {
  const client = new Cluster([{ host: '127.0.0.1', port }], {
    redisOptions: { enableReadyCheck: true, ...(tls && { tls }) },
    // A slot on its way answers TRYAGAIN or CLUSTERDOWN for a moment; a client is expected to try again.
    retryDelayOnTryAgain: 5,
    retryDelayOnClusterDown: 20,
    maxRedirections: 32,
  });
  client.on('error', () => {});
  const acknowledged = new Map<string, string>();
  const errors: string[] = [];
  let [writes, reads, wrongReads, running] = [0, 0, 0, true];

  const work = async (worker: number): Promise<void> => {
    for (let round = 0; running; round++) {
      const key = keyOf(worker, round % keysEach);
      const value = `${worker}.${round}`;
      try {
        const before = acknowledged.get(key);
        if (before !== undefined) {
          reads++;
          if ((await triedAgain(() => client.get(key))) !== before) wrongReads++;
        }
        await triedAgain(() => client.set(key, value));
        acknowledged.set(key, value);
        writes++;
      } catch (error) {
        errors.push(`${key}: ${error instanceof Error ? error.message : String(error)}`);
        // The write may have been done or not: nothing is known of this key from here on.
        acknowledged.delete(key);
      }
    }
  };
  const loops = Array.from({ length: workers }, (_, worker) => work(worker));

  return {
    get writes() {
      return writes;
    },
    async stop() {
      running = false;
      await Promise.all(loops);
      let lostWrites = 0;
      for (const [key, value] of acknowledged)
        if ((await triedAgain(() => client.get(key))) !== value) lostWrites++;
      client.disconnect();
      return { writes, reads, wrongReads, lostWrites, errors };
    },
  };
}
