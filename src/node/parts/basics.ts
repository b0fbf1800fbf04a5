/** Owns what every part asks for: the log, the directives, the counters. */

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
  /** Of the link to the master, and of those to replicas; not in the two above. */
  replicationInputBytes: number;
  replicationOutputBytes: number;
  keyspaceHits: number;
  keyspaceMisses: number;
  expiredKeys: number;
  evictedKeys: number;
  evictedClients: number;
  /** How long more memory than maxmemory was in use, ms; the time that goes on is not in it. */
  evictionExceededMs: number;
  /** Monotonic ms since when it is; 0 while it is not. */
  evictionExceededSinceMs: number;
  errorReplies: number;
  fullSyncs: number;
  partialSyncsOk: number;
  partialSyncsRefused: number;
  /** Writes since the last save. */
  dirty: number;
  migrateCachedSockets: number;
}
