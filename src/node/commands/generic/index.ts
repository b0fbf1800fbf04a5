/** Owns the list of the commands that work on keys of any type. */
import type { CommandRow } from '../../command/row.ts';
import { deleteRows } from './delete.ts';

export const genericRows: readonly CommandRow[] = [...deleteRows];
