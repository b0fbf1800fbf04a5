/** Owns a cluster with further nodes beside it, each alone and empty, for tests of who is in a cluster. */

import type { Topology } from '../../src/cluster/topology.ts';
import { look } from '../../src/execute/operations/check.ts';
import { create } from '../../src/execute/operations/create.ts';
import { type LiveCluster, type LiveClusterOptions, startAlone } from './live-cluster.ts';
import { RawConnection, type RawReply } from './raw-connection.ts';

export interface ClusterWithSpares extends LiveCluster {
  /** The first of those that are not in the cluster at first. */
  readonly firstSpare: number;
  call(index: number, ...words: (string | number)[]): Promise<RawReply>;
  /** The cluster as this node sees it, with what each other says. */
  topology(index?: number): Promise<Topology>;
  /** What all of these nodes say of themselves and of the others, without what changes by itself. */
  fingerprint(...indexes: number[]): Promise<string>;
}

/** `count` nodes in the cluster, and `spares` that are not. */
export async function startWithSpares(
  count: number,
  spares: number,
  options: LiveClusterOptions = {},
): Promise<ClusterWithSpares> {
  const live = await startAlone(count + spares, { nodeTimeoutMs: 1000, ...options });
  const addressOf = (index: number) => ({ host: '127.0.0.1', port: live.ports[index] ?? 0 });
  try {
    const nodes = live.ports.slice(0, count).map((_, index) => addressOf(index));
    for await (const event of create({ nodes, replicas: options.replicas ?? 0, waitServing: true })) {
      if (event.type === 'finished' && !event.ok) throw new Error('the cluster is not healthy');
    }
  } catch (error) {
    await live.stop();
    throw error;
  }
  const call = async (index: number, ...words: (string | number)[]): Promise<RawReply> => {
    const connection = await RawConnection.open(live.ports[index] ?? 0);
    try {
      return await connection.call(...words);
    } finally {
      connection.close();
    }
  };
  return {
    ...live,
    firstSpare: count,
    call,
    async topology(index = 0) {
      for await (const event of look({ seeds: [addressOf(index)] }))
        if (event.type === 'surveyed') return event.topology;
      throw new Error('the survey tells nothing');
    },
    async fingerprint(...indexes) {
      const texts = await Promise.all(indexes.map((index) => call(index, 'CLUSTER', 'NODES')));
      return texts.map((text) => withoutTimes(String(text))).join('\n');
    },
  };
}

/** CLUSTER NODES without the times of pings, in an order. */
function withoutTimes(text: string): string {
  const lines = text.trim().split('\n');
  return lines
    .map((line) =>
      line
        .split(' ')
        .filter((_, at) => at !== 4 && at !== 5)
        .join(' '),
    )
    .sort()
    .join('\n');
}
