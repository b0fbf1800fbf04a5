/** Owns the list of the bit commands. */
import type { CommandRow } from '../../command/row.ts';
import { bitfieldRows } from './bitfield.ts';
import { bitRows } from './bits.ts';

export const bitmapRows: readonly CommandRow[] = [...bitRows, ...bitfieldRows];
