/**
 * Owns the replicas of this node: their synchronisation, the stream to them, what they acknowledge, and when they are given
 * up. Works on sessions and on ticks, never on sockets or timers of its own but the clock's. A replica of a replica is
 * served alike: its stream is the master's, byte for byte.
 * Source: Redis replication.c syncCommand, masterTryPartialResynchronization, replconfCommand, replicationCron.
 */
import { error } from '../../protocol/resp/encode.ts';
import { NOT_AN_INTEGER } from '../command/errors.ts';
import { NO_REPLY, type Reply } from '../command/row.ts';
import { type BufferLimit, bufferLimits } from '../config/special.ts';
import type { Session } from '../dispatch/session.ts';
import type { Stats } from '../parts/basics.ts';
import type { StreamPosition } from '../parts/replication.ts';
import { type FullSyncDeps, FullSyncs } from './full-syncs.ts';
import { ReplicaPeer } from './peer.ts';
import { AckWaiters } from './waiters.ts';

export interface MasterSideDeps extends FullSyncDeps {
  readonly stats: Stats;
  /** The backlog was opened, so that writes must be fed to the stream. */
  readonly onBacklogOpened: () => void;
}

/** What PSYNC asked for; absent for SYNC. */
export interface PsyncRequest {
  readonly id: string;
  /** Offset of the next byte wanted; undefined when it was no number. */
  readonly offset: number | undefined;
}

export class MasterSide {
  readonly waiters: AckWaiters;
  readonly #deps: MasterSideDeps;
  /** Clients that sent REPLCONF; they may become replicas. */
  readonly #known = new WeakMap<Session, ReplicaPeer>();
  /** In the order in which they came. */
  readonly #peers = new Map<Session, ReplicaPeer>();
  readonly #fullSyncs: FullSyncs;
  /** Seconds since the start; Redis's first tick comes at the start itself, when there is no replica yet. */
  #ticks = 1;
  #noReplicasSinceMs: number;
  #limits: BufferLimit;

  constructor(deps: MasterSideDeps) {
    this.#deps = deps;
    this.#noReplicasSinceMs = deps.clock.nowMs();
    this.#fullSyncs = new FullSyncs({
      ...deps,
      peers: () => this.peers,
      onBegun: () => this.#pin(),
      onTransferred: (peer, byMark) => this.#transferred(peer, byMark),
      drop: (peer, reason) => this.#drop(peer, reason),
    });
    this.waiters = new AckWaiters(deps.clock, (offset) => this.countAcknowledged(offset));
    deps.config.onChange('repl-backlog-size', () =>
      deps.stream.backlog?.resize(deps.config.number('repl-backlog-size')),
    );
    const readLimits = (): BufferLimit =>
      bufferLimits(deps.config.text('client-output-buffer-limit')).replica;
    this.#limits = readLimits();
    deps.config.onChange('client-output-buffer-limit', () => {
      this.#limits = readLimits();
    });
  }

  get peers(): readonly ReplicaPeer[] {
    return [...this.#peers.values()];
  }

  /** What is known of a client by its REPLCONFs. */
  peerOf(session: Session): ReplicaPeer {
    let peer = this.#known.get(session);
    if (peer === undefined) {
      peer = new ReplicaPeer(session);
      this.#known.set(session, peer);
    }
    return peer;
  }

  countAcknowledged(offset: number): number {
    let count = 0;
    for (const peer of this.#peers.values()) if (peer.state === 'online' && peer.ackOffset >= offset) count++;
    return count;
  }

  /** PSYNC or SYNC. The answer is written to the session, now or when the synchronisation begins. */
  sync(session: Session, request: PsyncRequest | undefined): Reply {
    const { log, stats, stream, config } = this.#deps;
    if (this.#peers.has(session)) return NO_REPLY;
    if (session.gatheredBytes > 0) return error('ERR SYNC and PSYNC are invalid with pending output');
    const peer = this.peerOf(session);
    if (peer.isFiltered && !peer.eofCapable) return error('ERR Filtered replica requires EOF capability');
    log('notice', `Replica ${peer.name} asks for synchronization`);
    if (request !== undefined) {
      const { id, offset } = request;
      if (offset === undefined) {
        log('warning', `Replica ${peer.name} asks for synchronization but with a wrong offset`);
        return NOT_AN_INTEGER;
      }
      if (this.#tryPartial(peer, id, offset)) {
        stats.partialSyncsOk++;
        return NO_REPLY;
      }
      if (id !== '?') stats.partialSyncsRefused++;
    }
    stats.fullSyncs++;
    this.#attach(peer);
    peer.plainSync = request === undefined;
    peer.state = 'waiting';
    if (config.flag('repl-disable-tcp-nodelay')) session.setNoDelay(false);
    if (stream.backlog === undefined) {
      stream.renewId();
      stream.openBacklog(config.number('repl-backlog-size'));
      this.#deps.onBacklogOpened();
      log(
        'notice',
        `Replication backlog created, my new replication IDs are '${stream.id}' and '${stream.secondId}'`,
      );
    }
    this.#fullSyncs.request(peer);
    return NO_REPLY;
  }

  /** The data were read from disk: replicas that have a part of that history may go on from there. */
  restore({ id, offset }: StreamPosition): void {
    const { clock, config, stream, onBacklogOpened } = this.#deps;
    stream.restore(id, offset, config.number('repl-backlog-size'));
    this.#noReplicasSinceMs = clock.nowMs();
    onBacklogOpened();
  }

  /** What is being sent is of no use any more: those who get it are to ask again. */
  giveUpSyncs(): void {
    for (const peer of this.peers)
      if (peer.state === 'transfer' && !peer.excludeData)
        this.#drop(peer, 'SYNC failed. BGSAVE child returned an error');
  }

  #attach(peer: ReplicaPeer): void {
    const { clock } = this.#deps;
    peer.session.kind = 'replica';
    peer.attachedAtMs = clock.nowMs();
    peer.ackAtMs = clock.nowMs();
    this.#peers.set(peer.session, peer);
    peer.session.onClose(() => this.#detach(peer));
  }

  #detach(peer: ReplicaPeer): void {
    if (!this.#peers.delete(peer.session)) return;
    this.#fullSyncs.remove(peer);
    this.#pin();
    if (this.#peers.size === 0) this.#noReplicasSinceMs = this.#deps.clock.nowMs();
    if (peer.state === 'online') this.#deps.log('notice', `Connection with replica ${peer.name} lost.`);
  }

  #drop(peer: ReplicaPeer, reason: string): void {
    this.#deps.log('warning', reason);
    this.#detach(peer);
    peer.session.destroy();
  }

  #tryPartial(peer: ReplicaPeer, id: string, offset: number): boolean {
    const { log, stream } = this.#deps;
    const refusal = stream.refusalOf(id.toLowerCase(), offset, peer.name);
    if (refusal !== undefined) {
      log('notice', refusal);
      if (stream.knows(id.toLowerCase()) && offset > stream.offset + 1)
        log(
          'warning',
          `Warning: replica ${peer.name} tried to PSYNC with an offset that is greater than the master replication offset.`,
        );
      return false;
    }
    this.#attach(peer);
    peer.state = 'online';
    peer.nextOffset = offset;
    peer.session.write(peer.psync2Capable ? `+CONTINUE ${stream.id}\r\n` : '+CONTINUE\r\n');
    log(
      'notice',
      `Partial resynchronization request from ${peer.name} accepted. Sending ` +
        `${stream.offset + 1 - offset} bytes of backlog starting from offset ${offset}.`,
    );
    this.#startStreaming(peer);
    return true;
  }

  /** The replica has been sent the whole RDB. */
  #transferred(peer: ReplicaPeer, byMark: boolean): void {
    const { log, clock } = this.#deps;
    const { session } = peer;
    if (peer.rdbOnly) {
      log('notice', `RDB transfer completed, rdb only replica (${peer.name}) should be disconnected asap`);
      this.#detach(peer);
      session.end();
      return;
    }
    peer.state = 'online';
    peer.ackAtMs = clock.nowMs();
    log('notice', `Synchronization with replica ${peer.name} succeeded`);
    // Behind a mark nothing may follow until the replica has found it, which its first acknowledgement tells.
    if (byMark) peer.streamOnAck = true;
    else this.#startStreaming(peer);
  }

  #startStreaming(peer: ReplicaPeer): void {
    peer.streamOnAck = false;
    peer.streaming = true;
    const { stream, masterStreamDb, config } = this.#deps;
    // In a cluster an offset of 0 reads as "not synchronised yet": the first PING does not wait for its period.
    if (config.flag('cluster-enabled') && stream.offset === 0 && masterStreamDb() === -1)
      stream.feed(stream.selectedDb, ['PING']);
    this.sendStream();
  }

  /** What waits to be sent to the replica that lags most. */
  get pendingBytes(): number {
    let most = 0;
    for (const { session } of this.#peers.values()) most = Math.max(most, session.pendingBytes);
    return most;
  }

  /** Sends what is new in the backlog; called at each flush of the stream. */
  sendStream(): void {
    const backlog = this.#deps.stream.backlog;
    if (backlog === undefined || this.#peers.size === 0) return;
    for (const peer of this.#peers.values()) {
      if (!peer.streaming || peer.nextOffset > backlog.endOffset) continue;
      for (const view of backlog.from(peer.nextOffset)) peer.session.write(view);
      peer.nextOffset = backlog.endOffset + 1;
    }
    this.#pin();
    this.#enforceLimits();
  }

  /** The backlog keeps what replicas have yet to be sent: those in their synchronisation, and all until the turn ends. */
  #pin(): void {
    let offset = Number.POSITIVE_INFINITY;
    for (const peer of this.#peers.values())
      if (peer.state !== 'waiting' && !peer.rdbOnly) offset = Math.min(offset, peer.nextOffset);
    this.#deps.stream.backlog?.pin(offset);
  }

  /**
   * client-output-buffer-limit replica, for what is kept until a replica has its RDB. What is on its way to a replica is
   * the connection's to limit.
   */
  #enforceLimits(): void {
    const { clock, config, stream } = this.#deps;
    const { hardBytes, softBytes, softSeconds } = this.#limits;
    for (const peer of this.#peers.values()) {
      if (peer.streaming || peer.state === 'waiting' || peer.rdbOnly) continue;
      const bytes = stream.offset + 1 - peer.nextOffset;
      const over = softBytes > 0 && bytes >= softBytes;
      if (!over) peer.overSoftLimitSinceMs = 0;
      else if (peer.overSoftLimitSinceMs === 0) peer.overSoftLimitSinceMs = clock.monotonicMs();
      const tooLong = over && clock.monotonicMs() - peer.overSoftLimitSinceMs > softSeconds * 1000;
      if (tooLong || (hardBytes > 0 && bytes >= Math.max(hardBytes, config.number('repl-backlog-size'))))
        this.#drop(
          peer,
          `Replica ${peer.name} closed for overcoming of output buffer limits: ${bytes} bytes`,
        );
    }
  }

  /** REPLCONF ACK. */
  acknowledge(session: Session, offset: number): void {
    const peer = this.#peers.get(session);
    if (peer === undefined) return;
    peer.ackOffset = Math.max(peer.ackOffset, offset);
    peer.ackAtMs = this.#deps.clock.nowMs();
    if (peer.streamOnAck && peer.state === 'online') this.#startStreaming(peer);
    this.waiters.check();
  }

  /** Once a second. `pingable`: this node is a master whose offset may move. */
  tick(isMaster: boolean, pingable: boolean): void {
    const { clock, config, stream } = this.#deps;
    if (pingable && this.#peers.size > 0 && this.#ticks % config.number('repl-ping-replica-period') === 0)
      stream.feed(stream.selectedDb, ['PING']);
    this.#ticks++;
    const nowMs = clock.nowMs();
    const timeoutMs = config.number('repl-timeout') * 1000;
    for (const peer of this.peers) {
      // A lone newline keeps the link alive without moving any offset.
      if (peer.state === 'waiting' || peer.state === 'saving') peer.session.write('\n');
      const lastWordMs = Math.max(peer.ackAtMs, peer.session.lastInteractionMs);
      if (peer.state === 'online' && !peer.plainSync && nowMs - lastWordMs > timeoutMs)
        this.#drop(peer, `Disconnecting timedout replica (streaming sync): ${peer.name}`);
    }
    this.#fullSyncs.startWaiting();
    this.#fullSyncs.tidy();
    this.#enforceLimits();
    if (isMaster) this.#forgetBacklog(nowMs);
  }

  /** What is written without a backlog is not counted, so that the old ids no longer name the data. */
  #forgetBacklog(nowMs: number): void {
    const { config, stream, log } = this.#deps;
    const ttlSeconds = config.number('repl-backlog-ttl');
    if (stream.backlog === undefined || this.#peers.size > 0 || ttlSeconds === 0) return;
    if (nowMs - this.#noReplicasSinceMs <= ttlSeconds * 1000) return;
    stream.dropBacklog();
    stream.renewId();
    log('notice', `Replication backlog freed after ${ttlSeconds} seconds without connected replicas.`);
  }

  /** All must come again: the ids or the data have changed. */
  disconnectAll(): void {
    for (const peer of this.peers) {
      this.#detach(peer);
      peer.session.destroy();
    }
    this.#noReplicasSinceMs = this.#deps.clock.nowMs();
  }

  close(): void {
    this.#fullSyncs.close();
    this.waiters.close();
  }
}
