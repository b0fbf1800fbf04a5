/**
 * Owns the role of this node, and puts the room together: the stream, the replicas behind it, and the link to a master before
 * it. Source: Redis replication.c replicationSetMaster, replicationUnsetMaster, replicationCron.
 */
import type { Timer } from '../../core/clock.ts';
import { error, integer } from '../../protocol/resp/encode.ts';
import { BLOCKED, type Reply } from '../command/row.ts';
import type { Session } from '../dispatch/session.ts';
import type { NodeParts } from '../parts/node.ts';
import type {
  FailoverRequest,
  FailoverState,
  MasterAddress,
  ReplicaInfo,
  ReplicaService,
  Replication,
  StreamPosition,
} from '../parts/replication.ts';
import { PlannedFailover } from './failover.ts';
import { infoLines, type ReplicationView, roleReply } from './info.ts';
import { MasterSide, type PsyncRequest } from './master-side.ts';
import { ReplicaSide } from './replica-side.ts';
import { ReplicationStream } from './stream.ts';

/** Of what is propagated: what replicas are to hear. */
const FOR_REPLICAS = 2;

/** Of these, `dispatch`, `propagation` and the ports are asked for only once the node runs. */
export type ReplicationDeps = Pick<
  NodeParts,
  | 'clock'
  | 'random'
  | 'log'
  | 'config'
  | 'stats'
  | 'clients'
  | 'databases'
  | 'memberHasher'
  | 'dispatch'
  | 'persistence'
  | 'propagation'
  | 'scripts'
  | 'tls'
  | 'port'
  | 'tlsPort'
>;

const TICK_MS = 1000;
const SHOWN_BACKLOG_BYTES = 256;
const FORCED_UNBLOCK = error(
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
);

class NodeReplication implements Replication, ReplicaService {
  readonly #deps: ReplicationDeps;
  readonly #stream: ReplicationStream;
  readonly #masterSide: MasterSide;
  readonly #ticker: Timer;
  /** Present while this node is a replica. */
  #replica: ReplicaSide | undefined;
  /** Stops the feeding of the stream; absent while there is no backlog to feed. */
  #unsubscribe: (() => void) | undefined;
  readonly #failover: PlannedFailover;
  /** Where the data stood that were read from disk. */
  #restored: StreamPosition | undefined;
  /** Whether a replica was told the history of this node as a master. */
  #hasLed = false;

  constructor(deps: ReplicationDeps) {
    this.#deps = deps;
    const { clock, random, log, config, stats, databases } = deps;
    this.#stream = new ReplicationStream(
      random,
      () => this.#masterSide.sendStream(),
      () => !deps.dispatch.writesPaused,
    );
    this.#masterSide = new MasterSide({
      ...{ clock, random, log, config, stats, databases },
      persistence: () => deps.persistence,
      libraries: () => deps.scripts.libraries,
      stream: this.#stream,
      masterStreamDb: () => (this.#replica ? deps.dispatch.master.db.index : -1),
      scriptIsOpen: () => deps.propagation.nested,
      onBacklogOpened: () => this.#subscribe(),
    });
    this.#failover = new PlannedFailover({
      ...{ clock, log },
      dispatch: {
        pause: (...args) => deps.dispatch.pause(...args),
        unpause: (reason) => deps.dispatch.unpause(reason),
      },
      replicas: () => this.#masterSide.peers.map((peer) => peer.candidate),
      isReplica: () => this.#replica !== undefined,
      offset: () => this.#stream.offset,
      follow: (master) => {
        if (master === undefined) this.#becomeMaster();
        else this.#becomeReplica(master, true);
      },
    });
    this.#ticker = clock.every(TICK_MS, () => this.#tick());
  }

  get service(): ReplicaService {
    return this;
  }

  get role(): 'master' | 'replica' {
    return this.#replica ? 'replica' : 'master';
  }

  get master(): MasterAddress | undefined {
    return this.#replica?.master;
  }

  get linkUp(): boolean {
    return this.#replica?.linkUp ?? false;
  }

  get replicationId(): string {
    return this.#stream.id;
  }

  get secondReplicationId(): string {
    return this.#stream.secondId;
  }

  get offset(): number {
    return this.#stream.offset;
  }

  get replicas(): readonly ReplicaInfo[] {
    const nowMs = this.#deps.clock.nowMs();
    return this.#masterSide.peers.map((peer) => peer.info(nowMs));
  }

  get masterLastIoMs(): number {
    return this.#replica?.lastIoMs ?? 0;
  }

  get masterDownSinceMs(): number {
    return this.#replica?.downSinceMs ?? 0;
  }

  get loading(): boolean {
    return this.#replica?.loading ?? false;
  }

  get asyncLoading(): boolean {
    return this.#replica?.asyncLoading ?? false;
  }

  get bufferedBytes(): number {
    // Sockets hold views of the backlog, which keep alive what has gone from it.
    return Math.max(this.#stream.backlog?.heldBytes ?? 0, this.#masterSide.pendingBytes);
  }

  get replicaBytes(): number {
    return Math.max(0, this.bufferedBytes - this.#deps.config.number('repl-backlog-size'));
  }

  get failoverState(): FailoverState {
    return this.#failover.state;
  }

  get position(): StreamPosition | undefined {
    const { id, offset, backlog, selectedDb } = this.#stream;
    const replica = this.#replica;
    if (replica === undefined)
      return backlog === undefined ? undefined : { id, offset, streamDb: Math.max(0, selectedDb) };
    if (replica.cached === undefined) return undefined;
    return { id, offset, streamDb: this.#deps.dispatch.master.db.index };
  }

  restore(position: StreamPosition): void {
    if (this.#restored !== undefined) return;
    this.#restored = position;
    this.#masterSide.restore(position);
  }

  follow(master: MasterAddress | undefined): void {
    const current = this.#replica?.master;
    if (current?.host === master?.host && current?.port === master?.port) return;
    if (master === undefined) this.#becomeMaster();
    else this.#becomeReplica(master, false);
  }

  #becomeReplica(master: MasterAddress, takeOver: boolean): void {
    const { clock, random, log, config, stats, clients, databases, memberHasher } = this.#deps;
    const { dispatch, persistence, scripts, tls } = this.#deps;
    const stream = this.#stream;
    const before = this.#replica;
    let cached = before?.close();
    endBlocked(clients.all());
    if (before === undefined) {
      log(
        'notice',
        'Before turning into a replica, using my own master parameters to synthesize a cached master: I may be able to synchronize with the new master with just a partial transfer.',
      );
      // What this node wrote as a master may be known to the new one, which then sends only what is missing.
      this.#resumeRestored();
      cached = { id: stream.id, offset: stream.offset };
    }
    this.#replica = new ReplicaSide(
      {
        ...{ clock, random, log, config, stats, databases, memberHasher, dispatch, persistence, stream },
        ...{ scripts, tls },
        port: () => (config.flag('tls-replication') && this.#deps.tlsPort) || this.#deps.port,
        onHistoryChanged: () => this.#masterSide.disconnectAll(),
        onTakeOverAnswered: (accepted) => this.#failover.answered(accepted),
      },
      { master, cached, downSinceMs: before?.downSinceMs ?? 0, takeOver },
    );
    log('notice', `Connecting to MASTER ${master.host}:${master.port}`);
    this.#replica.connect();
  }

  /** The data are still those that were read from disk: so is their history, unless a replica was given another since. */
  #resumeRestored(): void {
    const restored = this.#restored;
    const { databases, dispatch } = this.#deps;
    dispatch.master.reset();
    this.#restored = undefined;
    if (restored === undefined || restored.offset !== this.#stream.offset || this.#hasLed) return;
    this.#stream.resume(restored.id);
    dispatch.master.db = databases[restored.streamDb] ?? dispatch.master.db;
  }

  #becomeMaster(): void {
    this.#replica?.close();
    this.#replica = undefined;
    const { log, dispatch } = this.#deps;
    const stream = this.#stream;
    dispatch.master.reset();
    stream.shiftId();
    stream.selectedDb = -1;
    if (stream.backlog !== undefined) this.#subscribe();
    log(
      'warning',
      `Setting secondary replication ID to ${stream.secondId}, valid up to offset: ${stream.secondOffset}. ` +
        `New replication ID is ${stream.id}`,
    );
    // They come again, and learn the new id.
    this.#masterSide.disconnectAll();
    // It was off if this node became a master in the middle of a synchronisation.
    this.#deps.persistence.aof.startAfterSync();
  }

  /** From now on, what is written here is fed to the stream. A replica's stream is its master's. */
  #subscribe(): void {
    this.#unsubscribe ??= this.#deps.propagation.subscribe((dbIndex, argv) => {
      if (this.#replica === undefined) this.#stream.feed(dbIndex, argv);
    }, FOR_REPLICAS);
  }

  #tick(): void {
    const isMaster = this.#replica === undefined;
    this.#replica?.tick();
    // What was asked for while writes were paused.
    if (isMaster) this.#stream.flush();
    // Where a replica is to catch up for a failover, the offset must stand still.
    const { config, dispatch } = this.#deps;
    const still =
      this.#failover.holdsStream || (config.flag('cluster-enabled') && dispatch.pausedFor('failover'));
    this.#masterSide.tick(isMaster, isMaster && !still);
    if (this.#stream.backlog === undefined) {
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    }
  }

  giveUpSyncs(): void {
    this.#masterSide.giveUpSyncs();
  }

  changeId(): void {
    this.#stream.renewId();
  }

  latestBacklog(): string | undefined {
    return this.#stream.backlog?.lastBytes(SHOWN_BACKLOG_BYTES);
  }

  optionsOf(client: Session) {
    return this.#masterSide.peerOf(client);
  }

  sync(client: Session, from: PsyncRequest | undefined): Reply {
    if (this.#failover.state !== 'no-failover') return error("NOMASTERLINK Can't SYNC while failing over");
    if (this.#replica && !this.#replica.linkUp)
      return error("NOMASTERLINK Can't SYNC while not connected with my master");
    if (this.#replica === undefined) this.#hasLed = true;
    return this.#masterSide.sync(client, from);
  }

  acknowledge(client: Session, offset: number): void {
    this.#masterSide.acknowledge(client, offset);
    this.#failover.check();
  }

  failover(request: FailoverRequest): string | undefined {
    return this.#failover.start(request);
  }

  abortFailover(): boolean {
    return this.#failover.abort('Failover manually aborted');
  }

  wait(client: Session, count: number, timeoutMs: number, mayBlock: boolean): Reply {
    const offset = this.#stream.offset;
    const acknowledged = this.#masterSide.countAcknowledged(offset);
    if (acknowledged >= count || !mayBlock) return integer(acknowledged);
    this.#masterSide.waiters.add(client, offset, count, timeoutMs);
    this.#stream.requestAcks();
    return BLOCKED;
  }

  infoLines(): string[] {
    return infoLines(this.#view());
  }

  roleReply(): string {
    return roleReply(this.#view());
  }

  #view(): ReplicationView {
    return {
      nowMs: this.#deps.clock.nowMs(),
      config: this.#deps.config,
      stream: this.#stream,
      replica: this.#replica,
      replicas: this.replicas,
      failoverState: this.#failover.state,
    };
  }

  close(): void {
    this.#ticker.cancel();
    this.#failover.close();
    this.#unsubscribe?.();
    this.#replica?.close();
    this.#masterSide.close();
  }
}

/** Clients that wait here for what only a master gives are told so, and must come again. Source: blocked.c disconnectAllBlockedClients. */
function endBlocked(clients: Iterable<Session>): void {
  for (const client of [...clients]) {
    if (client.onUnblock === undefined) continue;
    client.onUnblock(true);
    client.resume(FORCED_UNBLOCK);
    client.end();
  }
}

/** The part that makes this node a master with replicas, or a replica. It starts as a master that nobody follows. */
export function createReplication(deps: ReplicationDeps): Replication {
  return new NodeReplication(deps);
}
