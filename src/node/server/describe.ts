/** Owns the one line that tells about a client: CLIENT LIST, CLIENT INFO, the log. Source: networking.c catClientInfoString. */
import type { Session } from '../dispatch/session.ts';

function flagsOf(session: Session): string {
  let flags = '';
  if (session.monitor) flags += 'O';
  else if (session.kind === 'replica') flags += 'S';
  if (session.kind === 'master') flags += 'M';
  if (session.kind === 'pubsub') flags += 'P';
  if (session.queue !== undefined) flags += 'x';
  if (session.blocked) flags += 'b';
  if (session.tracking?.on) flags += 't';
  if (session.tracking?.redirectBroken) flags += 'R';
  if (session.tracking?.mode === 'bcast') flags += 'B';
  if (session.watchBroken) flags += 'd';
  if (session.address.startsWith('/')) flags += 'U';
  if (session.readonly) flags += 'r';
  if (session.noEvict) flags += 'e';
  return flags === '' ? 'N' : flags;
}

/** "id=3 addr=127.0.0.1:50000 ...", without a line break. */
export function describeClient(session: Session, nowMs: number): string {
  const seconds = (sinceMs: number): number => Math.max(0, Math.trunc((nowMs - sinceMs) / 1000));
  return [
    `id=${session.id}`,
    `addr=${session.address}`,
    `laddr=${session.localAddress}`,
    'fd=-1',
    `name=${session.name}`,
    `age=${seconds(session.createdAtMs)}`,
    `idle=${seconds(session.lastInteractionMs)}`,
    `flags=${flagsOf(session)}`,
    `db=${session.db.index}`,
    `sub=${session.subscriptions?.channel.size ?? 0}`,
    `psub=${session.subscriptions?.pattern.size ?? 0}`,
    `ssub=${session.subscriptions?.shard.size ?? 0}`,
    `multi=${session.queue === undefined ? -1 : session.queue.length}`,
    `qbuf=${session.queryBytes}`,
    'qbuf-free=0',
    'argv-mem=0',
    `multi-mem=${session.queuedBytes}`,
    'rbs=0',
    'rbp=0',
    'obl=0',
    `oll=${session.pendingBytes > 0 ? 1 : 0}`,
    `omem=${session.pendingBytes}`,
    `tot-mem=${session.memoryBytes}`,
    `events=${session.pendingBytes > 0 ? 'rw' : 'r'}`,
    `cmd=${session.lastCommand?.fullName ?? 'NULL'}`,
    `user=${session.user.name}`,
    `redir=${session.tracking?.on ? session.tracking.redirect : -1}`,
    `resp=${session.resp}`,
  ].join(' ');
}
