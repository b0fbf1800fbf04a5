/** Owns replication as the other parts see it. */
import type { Reply } from '../command/row.ts';
import type { Session } from '../dispatch/session.ts';

export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

export interface ReplicaInfo {
  readonly ip: string;
  readonly port: number;
  readonly state: 'wait_bgsave' | 'send_bulk' | 'online';
  readonly offset: number;
  readonly lagSeconds: number;
}

/** Where the stream stands in a data set: what an RDB keeps, so that a restart can go on by a partial synchronisation. */
export interface StreamPosition {
  /** 40 hexadecimal characters. */
  readonly id: string;
  readonly offset: number;
  /** The database that the stream has selected. */
  readonly streamDb: number;
}

export type FailoverState = 'no-failover' | 'waiting-for-sync' | 'failover-in-progress';

export interface Replication {
  readonly role: 'master' | 'replica';
  /** Whom this node follows, if it is a replica. */
  readonly master: MasterAddress | undefined;
  readonly linkUp: boolean;
  readonly replicationId: string;
  readonly secondReplicationId: string;
  /** Bytes of the stream so far: written as a master, applied as a replica. */
  readonly offset: number;
  readonly replicas: readonly ReplicaInfo[];
  /** Unix ms of the last word from the master; 0 without one. */
  readonly masterLastIoMs: number;
  /** Unix ms since when a link to a master that was up is down; 0 while it is up, or never was. */
  readonly masterDownSinceMs: number;
  /**
   * True while the data of a full synchronisation take the place of the old ones. Before that, while they are received,
   * the old ones are still there.
   */
  readonly loading: boolean;
  /** True while `loading`, where the old data are of the same history and go on being served. */
  readonly asyncLoading: boolean;
  /** FAILOVER, from its beginning to its end. */
  readonly failoverState: FailoverState;
  /** What an RDB of this moment tells of the stream; undefined while nobody could go on from it. */
  readonly position: StreamPosition | undefined;
  /**
   * The data set was read from disk, and stood there: to be called before `follow`, on a master and on a replica, and before
   * what follows in the stream. The first call counts.
   */
  restore(position: StreamPosition): void;
  /** Becomes a replica of `master` (reconnecting when it is another one), or a master again. */
  follow(master: MasterAddress | undefined): void;
  /** Memory that the stream is kept in: for all replicas together, and for those that may come again. */
  readonly bufferedBytes: number;
  /** What of it is kept only because replicas lag. */
  readonly replicaBytes: number;
  /** The lines of INFO replication, "name:value" each. */
  infoLines(): string[];
  /** The reply of ROLE. */
  roleReply(): string;
  /** What the commands of replicas, and WAIT, ask for. */
  readonly service: ReplicaService;
  close(): void;
}

/** What a replica tells of itself by REPLCONF before it asks for its synchronisation. */
export interface ReplicaOptions {
  listeningPort: number;
  announcedIp: string;
  /** Understands an RDB that ends at a mark instead of having a length. */
  eofCapable: boolean;
  /** Understands +CONTINUE with a new replication id. */
  psync2Capable: boolean;
  /** Wants the RDB only, no stream. */
  rdbOnly: boolean;
  /** Wants an RDB without keys. */
  excludeData: boolean;
  /** Wants an RDB without libraries of functions. */
  excludeFunctions: boolean;
}

export interface FailoverRequest {
  /** Absent: whichever replica has everything first. */
  readonly target: MasterAddress | undefined;
  /** When the time is over, fails over all the same. */
  readonly force: boolean;
  /** Absent: waits for ever. */
  readonly timeoutMs: number | undefined;
}

export interface ReplicaService {
  optionsOf(client: Session): ReplicaOptions;
  /**
   * Makes the client a replica: with `from` it may go on at that offset (the next byte it wants; undefined when it was no
   * number) of that history. Its answer is written when the synchronisation begins.
   */
  sync(
    client: Session,
    from: { readonly id: string; readonly offset: number | undefined } | undefined,
  ): Reply;
  acknowledge(client: Session, offset: number): void;
  /** All keys are about to go: replicas that are being sent them ask again. */
  giveUpSyncs(): void;
  /** DEBUG CHANGE-REPL-ID: nobody can go on from here any more. */
  changeId(): void;
  /** The last bytes of the stream, for the log; undefined when there are none. */
  latestBacklog(): string | undefined;
  /** FAILOVER: undefined when it has begun, or the text of an error. */
  failover(request: FailoverRequest): string | undefined;
  /** FAILOVER ABORT. False when none is under way. */
  abortFailover(): boolean;
  /**
   * Until `count` replicas have everything written so far, or `timeoutMs` (0: for ever) is over; answers how many have.
   * Where the client may not be kept waiting, at once.
   */
  wait(client: Session, count: number, timeoutMs: number, mayBlock: boolean): Reply;
}
