/** Owns the table of commands: look-up by name, and what derives from the rows. */
import type { CommandRow } from './row.ts';

export interface CommandTable {
  /** By name in any case; a subcommand is found through its container. */
  find(name: string): CommandRow | undefined;
  readonly rows: readonly CommandRow[];
}
