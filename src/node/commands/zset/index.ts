/** Owns the list of commands on sorted sets. */
import type { CommandRow } from '../../command/row.ts';
import { addRows } from './add.ts';
import { combineRows } from './combine.ts';
import { popRows } from './pop.ts';
import { rangeRows } from './range.ts';
import { readRows } from './read.ts';
import { removeRows } from './remove.ts';

export const sortedSetRows: readonly CommandRow[] = [
  ...addRows,
  ...removeRows,
  ...readRows,
  ...rangeRows,
  ...popRows,
  ...combineRows,
];
