/**
 * Owns what INFO replication and ROLE say, in Redis 7.0's words and order. Source: Redis server.c genRedisInfoString,
 * replication.c roleCommand.
 */
import { array, bulk, integer } from '../../protocol/resp/encode.ts';
import type { Config } from '../parts/basics.ts';
import type { FailoverState, ReplicaInfo } from '../parts/replication.ts';
import type { LinkState } from './master-link.ts';
import type { ReplicaSide } from './replica-side.ts';
import type { ReplicationStream } from './stream.ts';

export interface ReplicationView {
  readonly nowMs: number;
  readonly config: Config;
  readonly stream: ReplicationStream;
  /** Absent on a master. */
  readonly replica: ReplicaSide | undefined;
  readonly replicas: readonly ReplicaInfo[];
  readonly failoverState: FailoverState;
}

const secondsBetween = (earlierMs: number, laterMs: number): number =>
  Math.floor(laterMs / 1000) - Math.floor(earlierMs / 1000);

export function infoLines(view: ReplicationView): string[] {
  const { config, stream, replica, replicas, nowMs } = view;
  const { backlog } = stream;
  const lines = [`role:${replica ? 'slave' : 'master'}`];
  if (replica) lines.push(...replicaLines(replica, config, nowMs));
  lines.push(`connected_slaves:${replicas.length}`);
  const maxLag = config.number('min-replicas-max-lag');
  if (config.number('min-replicas-to-write') > 0 && maxLag > 0) {
    const good = replicas.filter(({ state, lagSeconds }) => state === 'online' && lagSeconds <= maxLag);
    lines.push(`min_slaves_good_slaves:${good.length}`);
  }
  for (const [index, { ip, port, state, offset, lagSeconds }] of replicas.entries())
    lines.push(`slave${index}:ip=${ip},port=${port},state=${state},offset=${offset},lag=${lagSeconds}`);
  lines.push(
    `master_failover_state:${view.failoverState}`,
    `master_replid:${stream.id}`,
    `master_replid2:${stream.secondId}`,
    `master_repl_offset:${stream.offset}`,
    `second_repl_offset:${stream.secondOffset}`,
    `repl_backlog_active:${backlog ? 1 : 0}`,
    `repl_backlog_size:${config.number('repl-backlog-size')}`,
    `repl_backlog_first_byte_offset:${backlog?.firstOffset ?? 0}`,
    `repl_backlog_histlen:${backlog?.length ?? 0}`,
  );
  return lines;
}

function replicaLines(replica: ReplicaSide, config: Config, nowMs: number): string[] {
  const { master, linkUp, transfer, lastIoMs, downSinceMs } = replica;
  const lines = [
    `master_host:${master.host}`,
    `master_port:${master.port}`,
    `master_link_status:${linkUp ? 'up' : 'down'}`,
    `master_last_io_seconds_ago:${linkUp ? secondsBetween(lastIoMs, nowMs) : -1}`,
    `master_sync_in_progress:${transfer ? 1 : 0}`,
    `slave_read_repl_offset:${replica.readOffset ?? 1}`,
    `slave_repl_offset:${replica.cached?.offset ?? 1}`,
  ];
  if (transfer) {
    const { sizeBytes, readBytes } = transfer;
    lines.push(
      `master_sync_total_bytes:${sizeBytes}`,
      `master_sync_read_bytes:${readBytes}`,
      `master_sync_left_bytes:${sizeBytes - readBytes}`,
      `master_sync_perc:${(sizeBytes > 0 ? (readBytes / sizeBytes) * 100 : 0).toFixed(2)}`,
      `master_sync_last_io_seconds_ago:${secondsBetween(lastIoMs, nowMs)}`,
    );
  }
  if (!linkUp)
    lines.push(
      `master_link_down_since_seconds:${downSinceMs === 0 ? -1 : secondsBetween(downSinceMs, nowMs)}`,
    );
  lines.push(
    `slave_priority:${config.number('replica-priority')}`,
    `slave_read_only:${config.flag('replica-read-only') ? 1 : 0}`,
    `replica_announced:${config.flag('replica-announced') ? 1 : 0}`,
  );
  return lines;
}

const stateNames: Record<LinkState | 'connect', string> = {
  connect: 'connect',
  connecting: 'connecting',
  handshake: 'handshake',
  transfer: 'sync',
  loading: 'sync',
  stream: 'connected',
  failed: 'connect',
};

export function roleReply({ stream, replica, replicas }: ReplicationView): string {
  if (replica === undefined) {
    const online = replicas.filter(({ state }) => state === 'online');
    return array([
      bulk('master'),
      integer(stream.offset),
      array(
        online.map(({ ip, port, offset }) => array([bulk(ip), bulk(String(port)), bulk(String(offset))])),
      ),
    ]);
  }
  const { master, state, linkUp, cached } = replica;
  return array([
    bulk('slave'),
    bulk(master.host),
    integer(master.port),
    bulk(stateNames[state]),
    integer(linkUp ? (cached?.offset ?? -1) : -1),
  ]);
}
