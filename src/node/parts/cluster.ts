/** Owns the cluster, and the moving of keys to another node, as the other parts see them. */
import type { BusMachine } from '../bus/machine.ts';
import type { QueuedCommand, Session } from '../dispatch/session.ts';
import type { Database } from './keyspace.ts';

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
   * Undefined: it does. Otherwise the encoded error reply: MOVED, ASK, TRYAGAIN, CROSSSLOT, CLUSTERDOWN. `writes`: any of
   * them may, which is not always told by their rows (scripts).
   */
  route(client: Session, commands: readonly QueuedCommand[], writes: boolean): string | undefined;
  /** The same for the usual case, one command with one key: no arrays are made. */
  routeKey(client: Session, command: QueuedCommand, key: string, writes: boolean): string | undefined;
  /**
   * Whether a client that waits for this key must be sent away: the encoded error that tells it so. Source: cluster.c
   * clusterRedirectBlockedClientIfNeeded.
   */
  redirectBlocked(client: Session, key: string, writes: boolean): string | undefined;
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
  /** What waits to be sent to other nodes. */
  readonly waitingBytes: number;
  /** Closes links with a node (DEBUG CLUSTERLINK KILL). False when the node is not known. */
  killLinks(direction: 'to' | 'from' | 'all', nodeId: string): boolean;
  /** Whether this node is a replica, as nodes.conf has it. */
  readonly isReplica: boolean;
  /** The data set was read: keys in slots of nobody, or of others, are brought in order with the configuration. */
  verifyData(): void;
  /** Opens the port of the bus. Rejects with the sentence that Redis logs. */
  start(): Promise<void>;
  close(): Promise<void>;
}
