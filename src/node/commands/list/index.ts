/** Owns the list of commands on lists. */
import type { CommandRow } from '../../command/row.ts';
import { blockingRows } from './blocking.ts';
import { changeRows } from './change.ts';
import { moveRows } from './move.ts';
import { popRows } from './pop.ts';
import { pushRows } from './push.ts';
import { readRows } from './read.ts';

export const listRows: readonly CommandRow[] = [
  ...pushRows,
  ...popRows,
  ...readRows,
  ...changeRows,
  ...moveRows,
  ...blockingRows,
];
