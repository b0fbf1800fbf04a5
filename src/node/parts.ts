/**
 * Owns the seams of the node: each part as the others see it. The composition root (node.ts) makes the parts and
 * hands them to each other through NodeParts; no part imports another's implementation.
 */
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { BusMachine } from './bus/machine.ts';
import type { Reply } from './command/row.ts';
import type { CommandTable } from './command/table.ts';
import type { ConfigStore } from './config/store.ts';
import type { MasterSession, QueuedCommand, Session } from './dispatch/session.ts';
import type { EncodingHint, Value } from './keyspace/value.ts';
import type { Monitors } from './observe/monitors.ts';
import type { SlowLog } from './observe/slow-log.ts';
import type { NodeStats } from './observe/stats.ts';
import type { Listener } from './server/listener.ts';
import type { Stopping } from './server/stopping.ts';
import type { ByteString } from './types/string/byte-string.ts';

export interface NodeParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly config: Config;
  readonly stats: Stats;
  readonly commands: CommandTable;
  readonly clients: Clients;
  readonly dispatch: Dispatch;
  /** By index; only 0 in cluster mode. */
  readonly databases: readonly Database[];
  readonly activeExpiry: ActiveExpiry;
  readonly propagation: Propagation;
  readonly replication: Replication;
  readonly migration: Migration;
  /** Absent without cluster-enabled. */
  readonly cluster: Cluster | undefined;
  /** Unix ms of the start. */
  readonly startedAtMs: number;
  /** What only the commands of the server itself need. */
  readonly server: ServerParts;
  /** 40 hexadecimal characters, anew at each start; INFO's run_id. */
  readonly runId: string;
  /** The client port that is listened on (differs from the directive when that is 0). */
  readonly port: number;
  /** Ends the node; resolves when everything is closed. Does not end the process. */
  close(): Promise<void>;
  /** Ends as SHUTDOWN does: `close`, then what the owner of the process decided. */
  shutdown(): void;
}

/** The insides of the server room, for its own commands (CONFIG, INFO, SLOWLOG, MONITOR, SHUTDOWN). */
export interface ServerParts {
  readonly config: ConfigStore;
  readonly stats: NodeStats;
  readonly slowLog: SlowLog;
  readonly monitors: Monitors;
  readonly listener: Listener;
  readonly stopping: Stopping;
}

/** What the parts may ask of the dispatcher, besides running what clients send. */
export interface Dispatch {
  /**
   * Keeps clients away from keys while something asynchronous works on them (MIGRATE): a command or transaction
   * that names one of them waits, and with it the later requests of its client, until the returned function is
   * called. The master's stream does not wait. Waiting commands go on in the order in which they came.
   */
  holdKeys(dbIndex: number, keys: readonly string[]): () => void;
  /**
   * Runs one request of the master's stream (SELECT, MULTI and EXEC included): no reply, none of the gates meant
   * for clients. An error reply is logged.
   */
  applyFromMaster(argv: readonly string[]): void;
  /** The session under which `applyFromMaster` runs; `reset()` it when another stream begins. */
  readonly master: MasterSession;
  /** From the keyspace's gate: the value or the time to live of a key changed. Breaks the transactions that watch it. */
  keyTouched(dbIndex: number, key: string): void;
  /** From the keyspace's gate: a whole database was emptied or replaced. */
  databaseTouched(dbIndex: number): void;
  /** WATCH, and its end. */
  watch(client: Session, keys: readonly string[]): void;
  unwatch(client: Session): void;
  /** Two databases change places: called before they do. */
  databasesSwapped(a: Database, b: Database): void;
  /** EXEC: runs what the client queued, or tells why not. */
  exec(client: Session): string;
  /** Ends the client's transaction without running it. */
  discard(client: Session): void;
  /** Unix ms; while a command, transaction or script runs, the same all the time. */
  nowMs(): number;
  /** Whether the command that runs comes from the master. */
  readonly servingMaster: boolean;
  /** Holds back the commands of clients (CLIENT PAUSE, a failover) until `untilMs`, Unix ms. Replicas go on. */
  pause(reason: PauseReason, what: 'write' | 'all', untilMs: number): void;
  unpause(reason: PauseReason): void;
  /** Whether writes of clients are held back at the moment. */
  readonly writesPaused: boolean;
}

/** Who asked for a pause; each reason has its own end. Source: server.h pause_purpose. */
export type PauseReason = 'client' | 'failover' | 'shutdown';

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

/** In Redis's format: "pid:role day month year time level message". Never a password. */
export type Log = (level: LogLevel, message: string) => void;

/** Directives of redis.conf by their Redis name. Throws on a name that the table of directives does not have. */
export interface Config {
  /** Numbers, memory sizes (bytes) and times (in the directive's unit). */
  number(name: string): number;
  flag(name: string): boolean;
  /** Text and enumerations. */
  text(name: string): string;
  /** Whether redis.conf or the command line named the directive. */
  wasGiven(name: string): boolean;
  /** Sets a value as CONFIG SET would, given as text; an error text when refused. */
  set(name: string, value: string): string | undefined;
  /** Calls `fn` after each change of the directive at run time. */
  onChange(name: string, fn: () => void): void;
}

/** Counters that INFO shows. */
export interface Stats {
  commandsProcessed: number;
  connectionsReceived: number;
  rejectedConnections: number;
  netInputBytes: number;
  netOutputBytes: number;
  keyspaceHits: number;
  keyspaceMisses: number;
  expiredKeys: number;
  evictedKeys: number;
  errorReplies: number;
  fullSyncs: number;
  partialSyncsOk: number;
  partialSyncsRefused: number;
  /** Writes since the last save. */
  dirty: number;
  migrateCachedSockets: number;
}

export interface Clients {
  readonly count: number;
  /** Clients that wait for the reply of a command that returned BLOCKED. */
  readonly blockedCount: number;
  all(): Iterable<Session>;
  /** As CLIENT LIST shows them: the link to the master is one of them. */
  listed(): Iterable<Session>;
  byId(id: number): Session | undefined;
}

/** A key with its value. Keys and text are latin1 strings, one character a byte. */
export interface Entry {
  readonly key: string;
  readonly value: Value;
  /** Unix ms, or -1 without a time to live. */
  readonly expireAtMs: number;
  /** When and how often it was used; only Database.idleMs and frequency understand it. */
  readonly access: number;
  /** For OBJECT ENCODING. */
  readonly encodingHint: EncodingHint;
  /** The last snapshot that has this entry, or is older than it; set by the snapshot, and for new entries. */
  savedBy: SnapshotKeeper | undefined;
}

/** A snapshot that is being written: it hears of each entry it has not saved yet before that changes. */
export interface SnapshotKeeper {
  /** The entry, not yet saved by this snapshot, is about to change or to go. */
  keep(dbIndex: number, entry: Entry): void;
  /** All entries of a database are about to go, or to become another database's. */
  keepAll(dbIndex: number): void;
}

/**
 * One database: the gate through which every change of the keyspace goes. Each mutation keeps the slot index,
 * WATCH, the counters and (later) the snapshot right, so nobody changes a value behind it.
 */
export interface Database {
  readonly index: number;
  readonly size: number;
  /** How many keys have a time to live. */
  readonly expiringCount: number;
  /** Average rest of the times to live, as the active expiry saw them; INFO's avg_ttl. */
  readonly averageTtlMs: number;
  /** For a command that reads: counts a hit or a miss, marks the key as used. Expired keys are gone. */
  lookupRead(key: string): Entry | undefined;
  /** For a command that asks about a key (TYPE, TTL, OBJECT): as `lookupRead`, but the key is not marked as used. */
  lookupNoTouch(key: string, notifyMiss?: boolean): Entry | undefined;
  /** For a command that will write. Expired keys are deleted (and their deletion propagated by a master). */
  lookupWrite(key: string): Entry | undefined;
  /** Without any trace: no counters, no use, no deletion; expired keys are still not shown. */
  peek(key: string): Entry | undefined;
  /** Creates or replaces; drops the time to live unless `expireAtMs` gives one. */
  set(key: string, value: Value, expireAtMs?: number, encodingHint?: EncodingHint): void;
  /** Puts a value in place of the existing one, keeping its time to live. The key must exist. */
  replaceValue(key: string, value: Value, encodingHint?: EncodingHint): void;
  /** The string of an existing key, as bytes to be changed in place; `changed` is to be called afterwards. */
  editString(key: string): ByteString;
  /** Deletes what is there and creates the key anew; one write. */
  recreate(key: string, value: Value, expireAtMs: number, encodingHint: EncodingHint): void;
  /** Gives an existing key another name, or another database; what is there goes. One write. */
  moveTo(key: string, target: Database, targetKey: string): void;
  /** True when it was there. */
  delete(key: string): boolean;
  /** -1 removes the time to live. False when there is no such key. */
  setExpire(key: string, expireAtMs: number): boolean;
  /** To be called after a value was changed in place; `writes` is what counts for the next save. */
  changed(key: string, writes?: number): void;
  /** A keyspace notification (notify-keyspace-events): class letter as in redis.conf ("$" string, "g" generic ...). */
  notify(classLetter: string, event: string, key: string): void;
  /** True when the entry's time has come: it must not be shown, and on a master it is deleted now. */
  expireIfNeeded(entry: Entry): boolean;
  /** True when the entry's time has come. Deletes nothing. */
  isExpired(entry: Entry): boolean;
  /**
   * All of them, expired ones too. Entries may change and go between two steps: one that is gone may still be given, one that
   * has come may not.
   */
  entries(): IterableIterator<Entry>;
  /** The snapshot that is being written, if any. */
  snapshot: SnapshotKeeper | undefined;
  /**
   * Visits a few entries, expired ones too, and returns the next cursor (0 to 2^45), 0 at the end. What is there from
   * the first call to the last is visited at least once. `visit` must not change the database.
   */
  scan(cursor: number, visit: (entry: Entry) => void): number;
  /** Counts as many writes as there were keys. */
  clear(): void;
  /** Exchanges everything with another database of the same node. One write. */
  swap(other: Database): void;
  randomKey(): string | undefined;
  /** Cluster mode only; the number of keys is kept, not counted. */
  countInSlot(slot: number): number;
  /** Cluster mode only; at most `count`, taken from the slot's own index. */
  keysInSlot(slot: number, count: number): string[];
  /** Milliseconds since the last use. */
  idleMs(entry: Entry): number;
  /** How often it is used, 0 to 255; only kept with an LFU policy. */
  frequency(entry: Entry): number;
  /** What RESTORE's IDLETIME or FREQ (0 to 255) says of a key. */
  setUsage(key: string, usage: { readonly idleSeconds: number } | { readonly frequency: number }): void;
}

/** The deletion of expired keys that nobody asks for, as DEBUG and INFO see it. */
export interface ActiveExpiry {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  enabled: boolean;
  /** Estimated part of the keys with a time to live that are expired but still there; 0 to 1. */
  readonly staleRatio: number;
  readonly timeCapReachedCount: number;
  readonly timeUsedMs: number;
}

/** The one stream of writes that replicas (and the AOF) read. */
export interface Propagation {
  /** A write of database `dbIndex`; `argv` with latin1 strings. Called after the command has run. */
  feed(dbIndex: number, argv: readonly string[]): void;
  /** Several writes as one transaction: MULTI ... EXEC. */
  feedTransaction(dbIndex: number, commands: readonly (readonly string[])[]): void;
  /** Listens to the stream in order. Returns the function that stops it. */
  subscribe(fn: (dbIndex: number, argv: readonly string[]) => void): () => void;
}

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
  /**
   * True while the data of a full synchronisation take the place of the old ones. Before that, while they are received,
   * the old ones are still there.
   */
  readonly loading: boolean;
  /** Becomes a replica of `master` (reconnecting when it is another one), or a master again. */
  follow(master: MasterAddress | undefined): void;
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
  /**
   * Until `count` replicas have everything written so far, or `timeoutMs` (0: for ever) is over; answers how many have.
   * Where the client may not be kept waiting, at once.
   */
  wait(client: Session, count: number, timeoutMs: number, mayBlock: boolean): Reply;
}

/** The moving of keys to another node: MIGRATE. */
export interface Migration {
  /** Sends the keys, deletes those that the target took, and calls `answer` with the encoded reply. */
  start(request: MigrateRequest, answer: (reply: string) => void): void;
  close(): void;
}

export interface MigrateRequest {
  readonly host: string;
  readonly port: number;
  readonly db: Database;
  readonly targetDb: number;
  /** For each operation of the connection, not for the whole. */
  readonly timeoutMs: number;
  readonly copy: boolean;
  readonly replace: boolean;
  /** The arguments of AUTH. */
  readonly auth: readonly string[] | undefined;
  readonly keys: readonly string[];
}

export interface Cluster {
  readonly myId: string;
  /**
   * Decides whether this node serves the commands (one, or a whole transaction), as cluster.c getNodeByQuery.
   * Undefined: it does. Otherwise the encoded error reply: MOVED, ASK, TRYAGAIN, CROSSSLOT, CLUSTERDOWN.
   */
  route(client: Session, commands: readonly QueuedCommand[]): string | undefined;
  /** The same for the usual case, one command with one key: no arrays are made. */
  routeKey(client: Session, command: QueuedCommand, key: string): string | undefined;
  /** Whether the slot is served by this node as a master. */
  ownsSlot(slot: number): boolean;
  /** The lines of CLUSTER INFO, "name:value" each. */
  infoLines(): string[];
  /** PUBLISH and SPUBLISH to the other nodes. */
  publish(channel: string, message: string, sharded: boolean): void;
  /** The bus itself, for CLUSTER's subcommands. */
  readonly machine: BusMachine;
  /**
   * Does what commands have left to do: keeps nodes.conf, tells the other nodes. To be called before the replies of
   * those commands are sent; cheap when there is nothing. Without the call it is done a little later.
   */
  settle(): void;
  /** Writes nodes.conf now; what went wrong, if anything. */
  saveConfig(): string | undefined;
  /** Closes links with a node (DEBUG CLUSTERLINK KILL). False when the node is not known. */
  killLinks(direction: 'to' | 'from' | 'all', nodeId: string): boolean;
  /** Opens the port of the bus. Rejects with the sentence that Redis logs. */
  start(): Promise<void>;
  close(): Promise<void>;
}
