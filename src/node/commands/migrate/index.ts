/** Owns the list of the commands that carry keys from node to node. */
import type { CommandRow } from '../../command/row.ts';
import { dumpRows } from './dump.ts';
import { migrateRow } from './migrate.ts';

export const migrateRows: readonly CommandRow[] = [...dumpRows, migrateRow];
