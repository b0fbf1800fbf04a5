/**
 * Owns this node's link to its master while it is a replica: the connection, when it is made again, and what the link's
 * machine (master-link.ts) asks for. The only file of this room with a socket.
 * Source: Redis replication.c connectWithMaster, replicationCron, replicationHandleMasterDisconnection.
 */
import type { Socket } from 'node:net';
import { tlsErrorText } from '../../client/tls.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { RdbError } from '../../protocol/rdb/reader.ts';
import type { Log, Stats } from '../parts/basics.ts';
import type { Dispatch } from '../parts/dispatch.ts';
import type { Database } from '../parts/keyspace.ts';
import type { Persistence } from '../parts/persistence.ts';
import type { MasterAddress } from '../parts/replication.ts';
import type { Scripts } from '../parts/scripts.ts';
import type { Tls } from '../parts/tls.ts';
import type { ValueHost } from '../types/row.ts';
import { chooseIncomingData } from './choose-data.ts';
import type { IncomingData } from './incoming-data.ts';
import { type LinkEffects, type LinkState, MasterLink } from './master-link.ts';
import type { ReplicationStream } from './stream.ts';

export interface ReplicaSideDeps extends ValueHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly databases: readonly Database[];
  readonly dispatch: Dispatch;
  readonly stats: Stats;
  readonly persistence: Pick<Persistence, 'progress' | 'saves' | 'aof'>;
  readonly scripts: Pick<Scripts, 'busy' | 'libraries'>;
  readonly stream: ReplicationStream;
  readonly tls: Tls;
  /** The client port that this node listens on. */
  readonly port: () => number;
  /** The data are about to be replaced by the master's, or its history goes on under another name: replicas must come again. */
  readonly onHistoryChanged: () => void;
  /** A master that was asked to take over (FAILOVER) has answered. */
  readonly onTakeOverAnswered: (accepted: boolean) => void;
}

/** How a link begins. */
export interface ReplicaStart {
  readonly master: MasterAddress;
  /** What this node has of the master's history, if it may have any. */
  readonly cached: { readonly id: string; readonly offset: number } | undefined;
  /** As `downSinceMs`. */
  readonly downSinceMs: number;
  /** The master is a replica yet, and is asked to take over (FAILOVER). */
  readonly takeOver: boolean;
}

/** After failures in a row the next attempt waits longer, up to a second. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1000;
/** How often it is looked whether a script that runs long has ended. */
const BUSY_RETRY_MS = 20;
/** A data set that cannot be kept is not asked for again at once: it costs the master a full synchronisation. */
const REFUSED_RETRY_MS = 5000;

export class ReplicaSide {
  readonly master: MasterAddress;
  /** Unix ms of the last bytes from the master, over all connections; 0 without any. */
  lastIoMs = 0;
  /** Unix ms since when the link is down (the one to the master before counts too); 0 while it is up, or was never up. */
  downSinceMs: number;
  readonly #deps: ReplicaSideDeps;
  #socket: Socket | undefined;
  #link: MasterLink | undefined;
  #data: IncomingData | undefined;
  /** What PSYNC may go on from: the last history that was followed, and how far it was applied. */
  #cached: { readonly id: string; readonly offset: number } | undefined;
  #incoming: { id: string; offset: number; resumable: boolean } | undefined;
  #attemptAtMs = 0;
  /** This connection has come as far as the stream. */
  #established = false;
  #takeOver: boolean;
  /** The master's data are such that this node cannot keep them. */
  #refused = false;
  /** Why the connection is gone, when it went while the data were being put in place. */
  #lostWhileLoading: string | undefined;
  #retry: Timer | undefined;
  #busyTimer: Timer | undefined;
  #failures = 0;
  #closed = false;

  constructor(deps: ReplicaSideDeps, { master, cached, downSinceMs, takeOver }: ReplicaStart) {
    this.#deps = deps;
    this.master = master;
    this.#cached = cached;
    this.downSinceMs = downSinceMs;
    this.#takeOver = takeOver;
  }

  get state(): LinkState | 'connect' {
    return this.#link?.state ?? 'connect';
  }

  get linkUp(): boolean {
    return this.state === 'stream';
  }

  /** Clients are kept from the data: they are replaced just now, or soon. */
  get loading(): boolean {
    return this.#data?.loading ?? false;
  }

  get asyncLoading(): boolean {
    return this.#data?.asyncLoading ?? false;
  }

  /** Size of the RDB (0 when it ends at a mark, -1 when not told yet) and bytes of it so far; undefined while none is received. */
  get transfer(): { readonly sizeBytes: number; readonly readBytes: number } | undefined {
    const link = this.#link;
    if (link === undefined || (link.state !== 'transfer' && link.state !== 'loading')) return undefined;
    const { framing } = link;
    return { sizeBytes: framing ? (framing.sizeBytes ?? 0) : -1, readBytes: framing?.readBytes ?? 0 };
  }

  /** What this node has of the master's history, for its next link. */
  get cached(): { readonly id: string; readonly offset: number } | undefined {
    return this.#established && this.#link
      ? { id: this.#deps.stream.id, offset: this.#link.offset }
      : this.#cached;
  }

  /** How far the master's stream has come in, applied or not; undefined when there never was one. */
  get readOffset(): number | undefined {
    return this.#established ? this.#link?.readOffset : this.#cached?.offset;
  }

  connect(): void {
    const { clock, config, dispatch, log } = this.#deps;
    if (this.#closed) return;
    const { host, port } = this.master;
    const password = config.text('masterauth');
    const from = config.text('bind-source-addr');
    const { socket, readyEvent } = this.#deps.tls.dial('replication', { host, port, from });
    log('notice', 'MASTER <-> REPLICA sync started');
    this.#socket = socket;
    this.#attemptAtMs = clock.nowMs();
    const link = new MasterLink(
      {
        auth: password === '' ? undefined : { user: config.text('masteruser'), password },
        listeningPort: config.number('replica-announce-port') || this.#deps.port(),
        announcedIp: config.text('replica-announce-ip'),
        cached: this.#cached,
        takeOver: this.#takeOver,
      },
      this.#effects(socket),
    );
    this.#link = link;
    socket.on(readyEvent, () => {
      log('notice', 'Non blocking connect for SYNC fired the event.');
      link.connected();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#deps.stats.replicationInputBytes += chunk.length;
      this.lastIoMs = clock.nowMs();
      dispatch.master.lastInteractionMs = this.lastIoMs;
      if (this.#link === link) link.receive(chunk);
    });
    socket.on('error', (reason) =>
      this.#lost(link, `Error condition on socket for SYNC: ${tlsErrorText(reason)}`),
    );
    socket.on('close', () => {
      const transferring = link.state === 'transfer';
      this.#lost(
        link,
        transferring
          ? 'I/O error trying to sync with MASTER: connection lost'
          : 'Connection with master lost.',
      );
    });
  }

  #effects(socket: Socket): LinkEffects {
    const { dispatch, log, stream } = this.#deps;
    return {
      send: (text) => socket.write(text, 'latin1'),
      log,
      fullSyncBegins: (id, offset) => this.#fullSyncBegins(id, offset),
      transferBegins: (sizeBytes) => {
        log(
          'notice',
          `MASTER <-> REPLICA sync: receiving ${sizeBytes === undefined ? 'streamed RDB' : `${sizeBytes} bytes`} ` +
            `from master ${sizeBytes === undefined ? 'with EOF ' : ''}${this.#data?.destination}`,
        );
        this.#data?.begin(sizeBytes);
      },
      rdb: (bytes) => this.#receiveData(bytes, socket),
      transferEnds: () => this.#install(socket),
      takeOverRefused: () => this.#takeOverAnswered(false),
      partialSync: (id) => this.#continue(id),
      busy: () => {
        const isPaused = dispatch.pausedFor('client') || dispatch.pausedFor('shutdown');
        if (this.#deps.scripts.busy === undefined && !isPaused) return false;
        this.#busyTimer ??= this.#deps.clock.after(BUSY_RETRY_MS, () => {
          this.#busyTimer = undefined;
          this.#link?.goOn();
        });
        return true;
      },
      apply: (argv) => {
        dispatch.applyFromMaster(argv);
        return dispatch.master.queue === undefined;
      },
      applied: (bytes) => stream.appendApplied(bytes),
      failed: (reason) => this.#lost(this.#link, reason),
    };
  }

  #fullSyncBegins(id: string | undefined, offset: number | undefined): void {
    const { random, stream } = this.#deps;
    this.#takeOverAnswered(true);
    // A master that tells no history makes a new one begin here, which only this node's own replicas know.
    this.#incoming = { id: id ?? random.hex(40), offset: offset ?? 0, resumable: id !== undefined };
    const { progress } = this.#deps.persistence;
    const { libraries } = this.#deps.scripts;
    const deps = { ...this.#deps, libraries, progress, onReplacing: () => this.#replacing() };
    this.#data = chooseIncomingData(deps, stream.id === id);
  }

  #takeOverAnswered(accepted: boolean): void {
    if (!this.#takeOver) return;
    this.#takeOver = false;
    this.#deps.onTakeOverAnswered(accepted);
  }

  #receiveData(bytes: Buffer, socket: Socket): void {
    try {
      const waitMs = this.#data?.receive(bytes) ?? 0;
      if (waitMs <= 0) return;
      socket.pause();
      this.#deps.clock.after(waitMs, () => socket.resume());
    } catch (error) {
      this.#refused = error instanceof RdbError;
      throw error;
    }
  }

  /** The old data are about to go, and with them the history that they belonged to. */
  #replacing(): void {
    const { dispatch, log, onHistoryChanged, persistence, stream } = this.#deps;
    persistence.aof.stopForSync();
    dispatch.databasesFlushed();
    if (persistence.saves.inProgress) {
      log(
        'notice',
        'Replica is about to load the RDB file received from the master, but there is a pending RDB child running. ' +
          'Killing it and removing its temp file to avoid any race',
      );
      persistence.saves.giveUp();
    }
    if (this.#cached !== undefined) log('notice', 'Discarding previously cached master state.');
    this.#cached = undefined;
    onHistoryChanged();
    stream.dropBacklog();
    dispatch.master.reset();
  }

  /** Everything has come: puts it in place of the old data. */
  #install(socket: Socket): void {
    const { log, persistence } = this.#deps;
    const link = this.#link;
    const data = this.#data;
    // The stream behind the data waits in the socket.
    socket.pause();
    data?.install((failure) => {
      if (this.#data !== data) return;
      if (failure !== undefined) {
        this.#lostWhileLoading = undefined;
        this.#disconnect(failure, false);
        return;
      }
      const offset = this.#incoming?.offset ?? 0;
      this.#adopt();
      log('notice', 'MASTER <-> REPLICA sync: Finished with success');
      persistence.aof.startAfterSync();
      if (this.#lostWhileLoading !== undefined) {
        const reason = this.#lostWhileLoading;
        this.#lostWhileLoading = undefined;
        this.#disconnect(reason, true);
        return;
      }
      if (link === undefined || this.#link !== link) return;
      this.#linked();
      link.startStream(offset);
      link.acknowledgeData();
      socket.resume();
    });
  }

  /** The data in place are the master's: so are the history and the offset. */
  #adopt(): void {
    const { stream, config, databases, dispatch } = this.#deps;
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    const { id, offset, resumable } = incoming;
    stream.restart(id, offset, config.number('repl-backlog-size'));
    dispatch.master.db = databases[this.#data?.streamDb ?? 0] ?? dispatch.master.db;
    this.#cached = resumable ? { id, offset } : undefined;
    this.#incoming = undefined;
    this.#data = undefined;
  }

  #continue(id: string | undefined): void {
    const { stream, config, log } = this.#deps;
    this.#takeOverAnswered(true);
    if (id !== undefined) {
      log('warning', `Master replication ID changed to ${id}`);
      stream.shiftId(id);
      this.#deps.onHistoryChanged();
    }
    stream.openBacklog(config.number('repl-backlog-size'));
    this.#linked();
  }

  #linked(): void {
    const { dispatch } = this.#deps;
    const [socket, link] = [this.#socket, this.#link];
    dispatch.master.connection = {
      address: `${this.master.host}:${this.master.port}`,
      localAddress: `${socket?.localAddress}:${socket?.localPort}`,
      close: () => this.#lost(link, 'Connection with master lost.'),
    };
    this.#established = true;
    this.#failures = 0;
    this.downSinceMs = 0;
  }

  #lost(link: MasterLink | undefined, reason: string): void {
    if (link === undefined || this.#link !== link) return;
    if (link.state === 'loading' && this.#data?.loading) this.#lostWhileLoading ??= reason;
    else this.#disconnect(reason, this.#established);
  }

  /** Gives the connection up and plans the next one; at once when this one had worked, or broke while the data came in. */
  #disconnect(reason: string, worked: boolean): void {
    const { clock, log, dispatch } = this.#deps;
    log('warning', reason);
    if (worked) {
      log('notice', 'Caching the disconnected master state.');
      this.#cached = this.cached;
      this.downSinceMs = clock.nowMs();
    }
    const transferred = this.#data !== undefined;
    this.#release();
    // What the master began in a transaction, it will send again.
    dispatch.master.queue = undefined;
    const { host, port } = this.master;
    if (!this.#refused && (worked || transferred)) {
      log('notice', `Reconnecting to MASTER ${host}:${port}${worked ? '' : ' after failure'}`);
      this.#retry = clock.after(0, () => this.connect());
      return;
    }
    const delayMs = this.#refused
      ? REFUSED_RETRY_MS
      : Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    this.#refused = false;
    this.#retry = clock.after(delayMs, () => {
      log('notice', `Connecting to MASTER ${host}:${port}`);
      this.connect();
    });
  }

  #release(): void {
    const socket = this.#socket;
    this.#deps.dispatch.master.connection = undefined;
    this.#socket = undefined;
    this.#link = undefined;
    this.#data?.discard();
    this.#data = undefined;
    this.#established = false;
    socket?.destroy();
  }

  /** Once a second. */
  tick(): void {
    const { clock, config } = this.#deps;
    const link = this.#link;
    if (link === undefined) return;
    if (link.state === 'loading') {
      // A lone newline tells the master that this node is alive.
      this.#socket?.write('\n');
      return;
    }
    const silentMs = clock.nowMs() - Math.max(this.lastIoMs, this.#attemptAtMs);
    if (silentMs > config.number('repl-timeout') * 1000) this.#lost(link, timeoutReason(link.state));
    else link.acknowledge();
  }

  /**
   * Ends the link for good, and returns what this node has of the master's history. Data that came completely and are being
   * put in place are put there first.
   */
  close(): { readonly id: string; readonly offset: number } | undefined {
    this.#closed = true;
    this.#retry?.cancel();
    this.#busyTimer?.cancel();
    if (this.#data?.finish()) this.#adopt();
    const { cached } = this;
    if (this.#established) this.downSinceMs = this.#deps.clock.nowMs();
    this.#release();
    this.#deps.dispatch.master.queue = undefined;
    return cached;
  }
}

function timeoutReason(state: LinkState): string {
  if (state === 'stream') return 'MASTER timeout: no data nor PING received...';
  if (state === 'transfer')
    return "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value.";
  return 'Timeout connecting to the MASTER...';
}
