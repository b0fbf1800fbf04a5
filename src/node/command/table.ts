/**
 * Owns the table of commands of one node: the rows compiled for look-up by name, and each command's counters.
 * Source: Redis server.c populateCommandTable, lookupCommandLogic.
 */
import { singleKeyIndex } from './keys.ts';
import { movableKeys } from './legacy-range.ts';
import type { CommandFlag, CommandRow } from './row.ts';

/** Flags as bits, for the gates that every command passes. */
export const flagBits = {
  write: 1,
  readonly: 2,
  denyoom: 4,
  admin: 8,
  pubsub: 16,
  noscript: 32,
  blocking: 64,
  loading: 128,
  stale: 256,
  skip_monitor: 512,
  skip_slowlog: 1024,
  asking: 2048,
  fast: 4096,
  no_auth: 8192,
  may_replicate: 16384,
  no_mandatory_keys: 1 << 15,
  no_async_loading: 1 << 16,
  no_multi: 1 << 17,
  allow_busy: 1 << 18,
  movablekeys: 1 << 19,
  sentinel: 1 << 20,
  protected: 1 << 21,
  touches_arbitrary_keys: 1 << 22,
} as const satisfies Record<CommandFlag, number>;

/** What INFO commandstats and latencystats show of a command. */
export interface CommandStats {
  calls: number;
  microseconds: number;
  /** Refused before it ran. */
  rejectedCalls: number;
  /** Ran and answered an error. */
  failedCalls: number;
  /** Durations in microseconds; present from the first call that was tracked. */
  latency: LatencyHistogram | undefined;
}

export interface LatencyHistogram {
  /** So many durations of the same length. */
  record(microseconds: number, times?: number): void;
  /** The duration in microseconds below which `percent` of the calls stayed. */
  percentile(percent: number): number;
  /** Powers of two from 1 microsecond: upper bound and cumulative count. */
  cumulative(): { readonly upToMicroseconds: number; readonly count: number }[];
  readonly count: number;
}

/** A row, compiled. */
export interface Command extends CommandRow {
  /** "cluster|meet" for a subcommand. */
  readonly fullName: string;
  readonly bits: number;
  /** Index in argv of the key, for a command that always has exactly one; else 0. */
  readonly keyIndex: number;
  /** Whether it can name keys at all, so that a cluster must route it. */
  readonly hasKeys: boolean;
  /** Never takes long: flagged fast; or SET, which Redis only does not call so because it may free a large value. */
  readonly brief: boolean;
  readonly container: Command | undefined;
  readonly subcommands?: readonly Command[];
  /** By lower-case word; absent without subcommands. */
  readonly subcommandByName: ReadonlyMap<string, Command> | undefined;
  readonly stats: CommandStats;
}

export interface CommandTable {
  /**
   * By name in any case; "config|get" names a subcommand. A container's own name gives the container.
   */
  find(name: string): Command | undefined;
  /** The command that `argv` calls: a subcommand where there is one by that word, else what the first word names. */
  lookup(argv: readonly string[]): Command | undefined;
  readonly rows: readonly Command[];
  /** Forgets all counters: CONFIG RESETSTAT. */
  resetStats(): void;
}

function emptyStats(): CommandStats {
  return { calls: 0, microseconds: 0, rejectedCalls: 0, failedCalls: 0, latency: undefined };
}

function compile(row: CommandRow, container: Command | undefined): Command {
  let bits = movableKeys(row) ? flagBits.movablekeys : 0;
  for (const flag of row.flags) bits |= flagBits[flag];
  const subcommands: Command[] = [];
  const { subcommands: children, ...own } = row;
  const command: Command = {
    ...own,
    fullName: container ? `${container.name}|${row.name}` : row.name,
    bits,
    keyIndex: singleKeyIndex(row),
    hasKeys: row.keySpecs.length > 0 || (bits & flagBits.movablekeys) !== 0,
    brief: (bits & flagBits.fast) !== 0 || (row.name === 'set' && container === undefined),
    container,
    subcommandByName: children && new Map(),
    stats: emptyStats(),
    ...(children && { subcommands }),
  };
  if (children) {
    const byName = command.subcommandByName as Map<string, Command>;
    for (const child of children) {
      const compiled = compile(child, command);
      subcommands.push(compiled);
      byName.set(compiled.name, compiled);
    }
  }
  return command;
}

/**
 * `renames`: rename-command of redis.conf; an empty new name takes the command away. Throws an Error with Redis's words
 * when a rename cannot be.
 */
export function createCommandTable(
  rows: readonly CommandRow[],
  renames: readonly (readonly [from: string, to: string])[] = [],
): CommandTable {
  const commands = rows.map((row) => compile(row, undefined));
  // Both usual spellings are keys, so that the path of every command needs no lower-casing.
  const byName = new Map<string, Command>();
  for (const command of commands) {
    if (byName.has(command.name)) throw new Error(`command ${command.name} has two rows`);
    byName.set(command.name, command);
    byName.set(command.name.toUpperCase(), command);
  }
  for (const [from, to] of renames) {
    const command = byName.get(from.toLowerCase());
    if (command === undefined) throw new Error('No such command in rename-command');
    if (byName.has(to.toLowerCase())) throw new Error('Target command name already exists');
    byName.delete(from.toLowerCase());
    byName.delete(from.toUpperCase());
    if (to === '') continue;
    byName.set(to.toLowerCase(), command);
    byName.set(to.toUpperCase(), command);
  }
  const top = (name: string): Command | undefined => byName.get(name) ?? byName.get(name.toLowerCase());

  return {
    rows: commands,
    find(name) {
      const bar = name.indexOf('|');
      if (bar < 0) return top(name);
      return top(name.slice(0, bar))?.subcommandByName?.get(name.slice(bar + 1).toLowerCase());
    },
    lookup(argv) {
      const name = argv[0] as string;
      const command = byName.get(name) ?? byName.get(name.toLowerCase());
      const children = command?.subcommandByName;
      if (children === undefined || argv.length === 1) return command;
      // A word that no subcommand has gives nothing: the caller tells the unknown subcommand from the unknown command.
      return children.get((argv[1] as string).toLowerCase());
    },
    resetStats() {
      const reset = (command: Command): void => {
        Object.assign(command.stats, emptyStats());
        command.subcommands?.forEach(reset);
      };
      commands.forEach(reset);
    },
  };
}
