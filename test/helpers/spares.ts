/** Owns a cluster with further nodes beside it, each alone and empty, for tests of who is in a cluster. */

import type { Topology } from '../../src/cluster/topology.ts';
import { look } from '../../src/execute/operations/check.ts';
import { type LiveCluster, type LiveClusterOptions, startPartly } from './live-cluster.ts';
import { RawConnection, type RawReply } from './raw-connection.ts';

export interface ClusterWithSpares extends LiveCluster {
  /** The first of those that are not in the cluster at first. */
  readonly firstSpare: number;
  call(index: number, ...words: (string | number)[]): Promise<RawReply>;
  /** The cluster as this node sees it, with what each other says. */
  topology(index?: number): Promise<Topology>;
  /** CLUSTER NODES of a node. */
  linesOf(index: number): Promise<string[]>;
  /** What all of these nodes say of themselves and of the others, without what changes by itself. */
  fingerprint(...indexes: number[]): Promise<string>;
}

/** `count` nodes in the cluster, and `spares` that are not. */
export async function startWithSpares(
  count: number,
  spares: number,
  options: LiveClusterOptions = {},
): Promise<ClusterWithSpares> {
  const live = await startPartly(count + spares, count, options);
  const addressOf = (index: number) => ({ host: '127.0.0.1', port: live.ports[index] ?? 0 });
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
      return texts.map((text) => withoutLinks(String(text))).join('\n');
    },
    async linesOf(index) {
      return String(await call(index, 'CLUSTER', 'NODES'))
        .trim()
        .split('\n');
    },
  };
}

/** The places of a line of CLUSTER NODES at which its link is told of: the times of ping and pong, and its state. */
const linkFields = [4, 5, 7];

/** CLUSTER NODES in an order, without what links make of it: they break and come back by themselves. */
function withoutLinks(text: string): string {
  const lines = text.trim().split('\n');
  return lines
    .map((line) =>
      line
        .replace(/,fail\??(?= )/, '')
        .split(' ')
        .filter((_, at) => !linkFields.includes(at))
        .join(' '),
    )
    .sort()
    .join('\n');
}
