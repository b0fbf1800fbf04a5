/**
 * Owns the choice of who gives the data of each shard: a replica where one is in sync, so that no master works for a
 * backup; else the master. In sync is a replica that has come as far as its master was when it was asked: what was written
 * before the backup is in it.
 */
import { ReplyError } from '../../client/command.ts';
import type { ClientPool } from '../../client/pool.ts';
import {
  type ClusterNode,
  nameOfNode,
  replicasOf,
  slotHolders,
  type Topology,
} from '../../cluster/topology.ts';
import { type Clock, delay } from '../../core/clock.ts';
import { TribError } from '../../core/errors.ts';
import { infoNumber, parseInfo } from '../../protocol/text/info.ts';

export interface ShardSource {
  readonly master: ClusterNode;
  /** The master itself, or a replica of it. */
  readonly from: ClusterNode;
}

export interface Sources {
  readonly shards: readonly ShardSource[];
  /** Masters with slots whose data nobody can give, each with the reason. */
  readonly missing: readonly { readonly master: ClusterNode; readonly reason: string }[];
}

/** How long replicas may take to come as far as their master was. */
const catchUpMs = 2000;
const pauseMs = 20;

/** Throws a TribError. */
export async function chooseSources(topology: Topology, pool: ClientPool, clock: Clock): Promise<Sources> {
  const masters = slotHolders(topology);
  const found = await Promise.all(
    masters.map(async (master) => ({ master, from: await sourceOf(master, topology, pool, clock) })),
  );
  return {
    shards: found.flatMap(({ master, from }) => (from === undefined ? [] : [{ master, from }])),
    missing: found.flatMap(({ master, from }) =>
      from === undefined
        ? [{ master, reason: `${nameOfNode(master)} cannot be asked, and no replica of it is in sync` }]
        : [],
    ),
  };
}

async function sourceOf(
  master: ClusterNode,
  topology: Topology,
  pool: ClientPool,
  clock: Clock,
): Promise<ClusterNode | undefined> {
  const linked = replicasOf(topology, master.id).filter(
    ({ view, suspectedBy }) => view?.masterLinkUp === true && suspectedBy.length === 0,
  );
  // Not reachable from here, but for its replicas: they have what it has.
  if (master.view === undefined) return linked[0];
  if (linked.length === 0) return master;
  const wanted = await offsetOf(master, pool, 'master_repl_offset');
  if (wanted === undefined) return master;
  const deadlineMs = clock.monotonicMs() + catchUpMs;
  while (clock.monotonicMs() < deadlineMs) {
    const offsets = await Promise.all(linked.map((replica) => offsetOf(replica, pool, 'slave_repl_offset')));
    const place = offsets.findIndex((offset) => offset !== undefined && offset >= wanted);
    if (place >= 0) return linked[place];
    await delay(clock, pauseMs);
  }
  return master;
}

/** Bytes of the stream; undefined where the node does not tell, or a replica has lost its master. */
async function offsetOf(node: ClusterNode, pool: ClientPool, field: string): Promise<number | undefined> {
  try {
    const [reply] = await pool.at(node.address).pipeline([['INFO', 'replication']], { repeatable: true });
    if (reply === undefined || reply instanceof ReplyError) return undefined;
    const info = parseInfo(String(reply));
    const isLinked = (info.get('master_link_status') ?? 'up') === 'up';
    return isLinked && info.get('master_sync_in_progress') !== '1' ? infoNumber(info, field) : undefined;
  } catch (error) {
    if (error instanceof TribError && error.code !== 'auth') return undefined;
    throw error;
  }
}
