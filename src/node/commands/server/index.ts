/** Owns the list of the commands about the server itself. */
import type { CommandRow } from '../../command/row.ts';
import { commandRow } from './command.ts';
import { configRow } from './config.ts';
import { dataRows } from './data.ts';
import { debugRow } from './debug.ts';
import { lolwutRow } from './lolwut.ts';
import { memoryRow } from './memory.ts';
import { moduleRow } from './module.ts';
import { processRows } from './process.ts';
import { saveRows } from './save.ts';
import { slowlogRow } from './slowlog.ts';

export const serverRows: readonly CommandRow[] = [
  ...processRows,
  ...dataRows,
  ...saveRows,
  commandRow,
  configRow,
  slowlogRow,
  memoryRow,
  moduleRow,
  lolwutRow,
  debugRow,
];
