/** Owns a keyspace for tests: on a virtual clock, with hooks that record what they were told. */
import { seededRandom } from '../../src/core/random.ts';
import type { KeyDatabase, KeyspaceHooks } from '../../src/node/keyspace/database.ts';
import { createKeyspace, type Keyspace } from '../../src/node/keyspace/keyspace.ts';
import { createStats } from '../../src/node/observe/stats.ts';
import type { Config, Stats } from '../../src/node/parts/basics.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface TestKeyspace extends Keyspace {
  readonly db: KeyDatabase;
  readonly clock: VirtualClock;
  readonly stats: Stats;
  readonly config: Config;
  /** What the hooks were told, in order: "touched key", "DEL key", "$ set key", "flushed", "awaited key". */
  readonly told: string[];
  /** May be changed at any time. */
  readonly state: {
    replica: boolean;
    writableReplica: boolean;
    servingMaster: boolean;
    loading: boolean;
    paused: boolean;
  };
  setConfig(name: string, value: string): void;
}

export function testKeyspace(
  options: { slotted?: boolean; databases?: number; seed?: number } = {},
): TestKeyspace {
  const clock = new VirtualClock();
  const told: string[] = [];
  const state = {
    replica: false,
    writableReplica: false,
    servingMaster: false,
    loading: false,
    paused: false,
  };
  const directives = new Map(
    Object.entries({
      hz: '10',
      'active-expire-effort': '1',
      maxmemory: '0',
      'maxmemory-policy': 'noeviction',
      'maxmemory-samples': '5',
      'maxmemory-eviction-tenacity': '10',
      'lfu-log-factor': '10',
      'lfu-decay-time': '1',
    }),
  );
  const listeners = new Map<string, (() => void)[]>();
  const value = (name: string): string => {
    const found = directives.get(name);
    if (found === undefined) throw new Error(`no directive ${name}`);
    return found;
  };
  const config: Config = {
    number: (name) => Number(value(name)),
    flag: (name) => value(name) === 'yes',
    text: value,
    set: () => undefined,
    wasGiven: () => false,
    onChange: (name, fn) => {
      listeners.set(name, [...(listeners.get(name) ?? []), fn]);
    },
  };
  const stats = createStats();
  const hooks: KeyspaceHooks = {
    nowMs: () => clock.nowMs(),
    isReplica: () => state.replica,
    isWritableReplica: () => state.writableReplica,
    isServingMaster: () => state.servingMaster,
    isLoading: () => state.loading,
    isPaused: () => state.paused,
    touched: (_db, key) => told.push(`touched ${key}`),
    awaited: (_db, key) => told.push(`awaited ${key}`),
    flushed: () => told.push('flushed'),
    propagateDelete: (_db, key) => told.push(`DEL ${key}`),
    notify: (_db, letter, event, key) => told.push(`${letter} ${event} ${key}`),
  };
  const keyspace = createKeyspace({
    clock,
    random: seededRandom(options.seed ?? 1),
    config,
    stats,
    hooks,
    databaseCount: options.databases ?? 1,
    slotted: options.slotted ?? false,
  });
  return {
    ...keyspace,
    db: keyspace.databases[0] as KeyDatabase,
    clock,
    stats,
    config,
    told,
    state,
    setConfig: (name, text) => {
      directives.set(name, text);
      for (const fn of listeners.get(name) ?? []) fn();
    },
  };
}
