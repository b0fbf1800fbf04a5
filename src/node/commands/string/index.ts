/** Owns the list of the string commands. */
import type { CommandRow } from '../../command/row.ts';
import { getRows } from './get.ts';
import { setRows } from './set.ts';

export const stringRows: readonly CommandRow[] = [...setRows, ...getRows];
