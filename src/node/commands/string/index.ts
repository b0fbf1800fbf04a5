/** Owns the list of the string commands. */
import type { CommandRow } from '../../command/row.ts';
import { getRows } from './get.ts';
import { incrementRows } from './increment.ts';
import { lcsRows } from './lcs.ts';
import { manyRows } from './many.ts';
import { modifyRows } from './modify.ts';
import { setRows } from './set.ts';

export const stringRows: readonly CommandRow[] = [
  ...setRows,
  ...getRows,
  ...manyRows,
  ...modifyRows,
  ...incrementRows,
  ...lcsRows,
];
