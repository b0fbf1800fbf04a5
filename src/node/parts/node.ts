/**
 * Owns the parts of a node together. The composition root (node-parts.ts) makes them and hands them to each other as
 * NodeParts; no part imports another's implementation. What each part is to the others stands beside this file.
 */
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { CommandTable } from '../command/table.ts';
import type { ConfigStore } from '../config/store.ts';
import type { Session } from '../dispatch/session.ts';
import type { Hasher } from '../keyspace/hasher.ts';
import type { LatencyEvents } from '../observe/latency-events.ts';
import type { Monitors } from '../observe/monitors.ts';
import type { SlowLog } from '../observe/slow-log.ts';
import type { NodeStats } from '../observe/stats.ts';
import type { CronSwitch } from '../server/cron.ts';
import type { Listener } from '../server/listener.ts';
import type { Stopping } from '../server/stopping.ts';
import type { Acl } from './acl.ts';
import type { Config, Log, Stats } from './basics.ts';
import type { Cluster, Migration } from './cluster.ts';
import type { Dispatch, KeyWaiters, WriteTargets } from './dispatch.ts';
import type { ActiveExpiry, Database } from './keyspace.ts';
import type { ClientEviction, Eviction, MemoryUse } from './memory.ts';
import type { Persistence } from './persistence.ts';
import type { PubSub } from './pubsub.ts';
import type { Replication } from './replication.ts';
import type { Scripts } from './scripts.ts';
import type { Tls } from './tls.ts';
import type { Tracking } from './tracking.ts';

export interface NodeParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly config: Config;
  readonly stats: Stats;
  readonly commands: CommandTable;
  readonly acl: Acl;
  readonly clients: Clients;
  readonly dispatch: Dispatch;
  readonly keyWaiters: KeyWaiters;
  /** By index; only 0 in cluster mode. */
  readonly databases: readonly Database[];
  readonly memory: MemoryUse;
  readonly eviction: Eviction;
  readonly clientEviction: ClientEviction;
  /** Of the members of collections; keys have their own. */
  readonly memberHasher: Hasher;
  readonly activeExpiry: ActiveExpiry;
  readonly propagation: Propagation;
  readonly replication: Replication;
  readonly persistence: Persistence;
  readonly scripts: Scripts;
  readonly pubsub: PubSub;
  readonly tracking: Tracking;
  readonly migration: Migration;
  readonly tls: Tls;
  /** Absent without cluster-enabled. */
  readonly cluster: Cluster | undefined;
  /** Unix ms of the start. */
  readonly startedAtMs: number;
  /** What only the commands of the server itself need. */
  readonly server: ServerParts;
  /** 40 hexadecimal characters, anew at each start; INFO's run_id. */
  readonly runId: string;
  /** The data set is being read, from disk or from a master: clients are served what the flag "loading" allows. */
  readonly loading: boolean;
  /** The client port that is listened on (differs from the directive when that is 0); 0 without. */
  readonly port: number;
  /** The same for clients with TLS. */
  readonly tlsPort: number;
  /** Ends the node; resolves when everything is closed. Does not end the process. */
  close(): Promise<void>;
  /** The node cannot go on: the log gets the reason, and it ends with exit code 1. */
  fatal(reason: string): void;
  /** Ends as SHUTDOWN does: `close`, then what the owner of the process decided. */
  shutdown(): void;
}

/** The insides of the server room, for its own commands (CONFIG, INFO, SLOWLOG, LATENCY, MONITOR, SHUTDOWN). */
export interface ServerParts {
  readonly config: ConfigStore;
  readonly stats: NodeStats;
  readonly slowLog: SlowLog;
  readonly latency: LatencyEvents;
  readonly monitors: Monitors;
  readonly listener: Listener;
  readonly stopping: Stopping;
  readonly cron: CronSwitch;
}

export interface Clients {
  readonly count: number;
  /** Clients that wait for the reply of a command that returned BLOCKED. */
  readonly blockedCount: number;
  /** What they take, and their buffers; without replicas. */
  readonly memoryBytes: number;
  all(): Iterable<Session>;
  /** As CLIENT LIST shows them: the link to the master is one of them. */
  listed(): Iterable<Session>;
  byId(id: number): Session | undefined;
}

/** The one stream of writes that replicas (and the AOF) read. */
export interface Propagation {
  /** Whether anybody listens: what a command would say in its place need not be put together otherwise. */
  readonly wanted: boolean;
  /** A write of database `dbIndex`; `argv` with latin1 strings. Called after the command has run. `audience`: who at most reads it. */
  feed(dbIndex: number, argv: readonly string[], audience?: WriteTargets): void;
  /** Several writes as one transaction: MULTI ... EXEC. */
  feedTransaction(dbIndex: number, commands: readonly (readonly string[])[]): void;
  /** While the data set is loaded nothing is fed: what is in the files is no new write. */
  muted: boolean;
  /** Whether a transaction or a script runs: its writes so far have not gone out yet. */
  readonly nested: boolean;
  /** Listens to the stream in order, to what is for `target`. Returns the function that stops it. */
  subscribe(fn: (dbIndex: number, argv: readonly string[]) => void, target?: WriteTargets): () => void;
}
