/**
 * Owns this node's link to its master while it is a replica: the connection, when it is made again, and what the link's
 * machine (master-link.ts) asks for. The only file of this room with a socket.
 * Source: Redis replication.c connectWithMaster, replicationCron, replicationHandleMasterDisconnection.
 */
import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Config, Log } from '../parts/basics.ts';
import type { Dispatch } from '../parts/dispatch.ts';
import type { Database } from '../parts/keyspace.ts';
import type { MasterAddress } from '../parts/replication.ts';
import { type LinkEffects, type LinkState, MasterLink } from './master-link.ts';
import { ReceivedData } from './received-data.ts';
import type { ReplicationStream } from './stream.ts';

export interface ReplicaSideDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Config;
  readonly databases: readonly Database[];
  readonly dispatch: Dispatch;
  readonly stream: ReplicationStream;
  /** The client port that this node listens on. */
  readonly port: () => number;
  /** The data are about to be replaced by the master's, or its history goes on under another name: replicas must come again. */
  readonly onHistoryChanged: () => void;
}

/** After failures in a row the next attempt waits longer, up to a second. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1000;
/** A data set that cannot be kept is not asked for again at once: it costs the master a full synchronisation. */
const REFUSED_RETRY_MS = 5000;

export class ReplicaSide {
  readonly master: MasterAddress;
  /** Unix ms of the last bytes from the master, over all connections; 0 without any. */
  lastIoMs = 0;
  /** Unix ms since when the link is down; 0 while it is up, or was never up. */
  downSinceMs = 0;
  readonly #deps: ReplicaSideDeps;
  #socket: Socket | undefined;
  #link: MasterLink | undefined;
  #data: ReceivedData | undefined;
  /** What PSYNC may go on from: the last history that was followed, and how far it was applied. */
  #cached: { id: string; offset: number } | undefined;
  #incoming: { id: string; offset: number } | undefined;
  #attemptAtMs = 0;
  /** This connection has come as far as the stream. */
  #established = false;
  /** The master's data are such that this node cannot keep them. */
  #refused = false;
  /** Why the connection is gone, when it went while the data were being put in place. */
  #lostWhileLoading: string | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #closed = false;

  /** `cached` is what this node has of the master's history, if it may have any. */
  constructor(
    deps: ReplicaSideDeps,
    master: MasterAddress,
    cached: { id: string; offset: number } | undefined,
  ) {
    this.#deps = deps;
    this.master = master;
    this.#cached = cached;
  }

  get state(): LinkState | 'connect' {
    return this.#link?.state ?? 'connect';
  }

  get linkUp(): boolean {
    return this.state === 'stream';
  }

  /** The received data replace the old ones just now. */
  get loading(): boolean {
    return this.state === 'loading';
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
    log('notice', `Connecting to MASTER ${host}:${port}`);
    const password = config.text('masterauth');
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    this.#attemptAtMs = clock.nowMs();
    const link = new MasterLink(
      {
        auth: password === '' ? undefined : { user: config.text('masteruser'), password },
        listeningPort: config.number('replica-announce-port') || this.#deps.port(),
        announcedIp: config.text('replica-announce-ip'),
        cached: this.#cached,
      },
      this.#effects(socket),
    );
    this.#link = link;
    socket.on('connect', () => {
      log('notice', 'MASTER <-> REPLICA sync started');
      link.connected();
    });
    socket.on('data', (chunk: Buffer) => {
      this.lastIoMs = clock.nowMs();
      dispatch.master.lastInteractionMs = this.lastIoMs;
      if (this.#link === link) link.receive(chunk);
    });
    socket.on('error', (reason) => this.#lost(link, `Error condition on socket for SYNC: ${reason.message}`));
    socket.on('close', () => this.#lost(link, 'Connection with master lost.'));
  }

  #effects(socket: Socket): LinkEffects {
    const { dispatch, log, stream } = this.#deps;
    return {
      send: (text) => socket.write(text, 'latin1'),
      log,
      fullSyncBegins: (id, offset) => {
        this.#incoming = { id, offset };
        this.#data = new ReceivedData(this.#deps);
      },
      transferBegins: (sizeBytes) =>
        log(
          'notice',
          sizeBytes === undefined
            ? 'MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to parser'
            : `MASTER <-> REPLICA sync: receiving ${sizeBytes} bytes from master to parser`,
        ),
      rdb: (bytes) => this.#receiveData(bytes),
      rdbDone: () => this.#data?.complete ?? false,
      transferEnds: () => this.#install(socket),
      partialSync: (id) => this.#continue(id),
      apply: (argv) => {
        dispatch.applyFromMaster(argv);
        return dispatch.master.queue === undefined;
      },
      applied: (bytes) => stream.appendApplied(bytes),
      failed: (reason) => this.#lost(this.#link, reason),
    };
  }

  #receiveData(bytes: Buffer): number {
    try {
      return this.#data?.feed(bytes) ?? 0;
    } catch (error) {
      this.#refused = true;
      throw error;
    }
  }

  /** Everything has come: puts it in place of the old data. */
  #install(socket: Socket): void {
    const { dispatch, log } = this.#deps;
    // The stream behind the data waits in the socket.
    socket.pause();
    this.#cached = undefined;
    this.#deps.onHistoryChanged();
    dispatch.master.reset();
    log('notice', 'MASTER <-> REPLICA sync: Flushing old data');
    log('notice', 'MASTER <-> REPLICA sync: Loading DB in memory');
    this.#data?.install(() => {
      this.#adopt();
      log('notice', 'MASTER <-> REPLICA sync: Finished with success');
      const link = this.#link;
      if (this.#lostWhileLoading !== undefined) {
        const reason = this.#lostWhileLoading;
        this.#lostWhileLoading = undefined;
        this.#disconnect(reason, true);
        return;
      }
      if (link === undefined || this.#cached === undefined) return;
      this.#linked();
      link.startStream(this.#cached.offset);
      link.acknowledge();
      socket.resume();
    });
  }

  /** The data in place are the master's: so are the history and the offset. */
  #adopt(): void {
    const { stream, config, databases, dispatch } = this.#deps;
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    stream.restart(incoming.id, incoming.offset, config.number('repl-backlog-size'));
    dispatch.master.db = databases[this.#data?.streamDb ?? 0] ?? dispatch.master.db;
    this.#cached = incoming;
    this.#incoming = undefined;
    this.#data = undefined;
  }

  #continue(id: string | undefined): void {
    const { stream, config, log } = this.#deps;
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
    if (link.state === 'loading') this.#lostWhileLoading ??= reason;
    else this.#disconnect(reason, this.#established);
  }

  /** Gives the connection up and plans the next one; at once when this one had worked. */
  #disconnect(reason: string, worked: boolean): void {
    const { clock, log, dispatch } = this.#deps;
    log('warning', reason);
    if (worked) {
      this.#cached = this.cached;
      this.downSinceMs = clock.nowMs();
    }
    this.#release();
    // What the master began in a transaction, it will send again.
    dispatch.master.queue = undefined;
    let delayMs = 0;
    if (this.#refused) delayMs = REFUSED_RETRY_MS;
    else if (!worked) delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    this.#refused = false;
    if (delayMs === 0) log('notice', `Reconnecting to MASTER ${this.master.host}:${this.master.port}`);
    this.#retry = clock.after(delayMs, () => this.connect());
  }

  #release(): void {
    const socket = this.#socket;
    this.#deps.dispatch.master.connection = undefined;
    this.#socket = undefined;
    this.#link = undefined;
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
   * Ends the link for good, and returns what this node has of the master's history. Data that are being put in place are put
   * there completely first.
   */
  close(): { readonly id: string; readonly offset: number } | undefined {
    this.#closed = true;
    this.#retry?.cancel();
    if (this.loading) {
      this.#data?.finish();
      this.#adopt();
    }
    const { cached } = this;
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
