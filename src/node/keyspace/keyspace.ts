/**
 * Owns the making of a node's keyspace: its databases, and the active expiry that runs on the node's clock.
 */
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { Config, Stats } from '../parts/basics.ts';
import { AccessTracker } from './access.ts';
import { ActiveExpiryCycle } from './active-expiry.ts';
import { KeyDatabase, type KeyspaceHooks } from './database.ts';
import { Hasher } from './hasher.ts';
import type { MemorySum } from './memory.ts';

export interface KeyspaceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Config;
  readonly stats: Stats;
  readonly hooks: KeyspaceHooks;
  /** How long each cycle of the active expiry took. */
  readonly onExpiryCycle?: (elapsedMs: number) => void;
  /** 1 in cluster mode. */
  readonly databaseCount: number;
  /** Cluster mode: keys are indexed by slot. */
  readonly slotted: boolean;
}

export interface Keyspace {
  readonly databases: readonly KeyDatabase[];
  readonly access: AccessTracker;
  readonly activeExpiry: ActiveExpiryCycle;
  /** What all keys take. */
  readonly memorySum: MemorySum;
  /** Begins the timer of the active expiry. */
  start(): void;
  /** Ends it; the data stays. */
  close(): void;
}

export function createKeyspace(deps: KeyspaceDeps): Keyspace {
  const access = new AccessTracker(deps);
  const hasher = new Hasher(deps.random);
  const memorySum: MemorySum = { bytes: 0 };
  const databases = Array.from(
    { length: deps.databaseCount },
    (_, index) => new KeyDatabase(index, { ...deps, access, hasher, memorySum }),
  );
  const activeExpiry = new ActiveExpiryCycle({ ...deps, databases, onTick: () => access.tick() });
  return {
    databases,
    access,
    activeExpiry,
    memorySum,
    start: () => activeExpiry.start(),
    close: () => activeExpiry.stop(),
  };
}
