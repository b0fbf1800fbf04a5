/** Owns the list of the HyperLogLog commands. */
import type { CommandRow } from '../../command/row.ts';
import { countingRows } from './count.ts';
import { inspectionRows } from './inspect.ts';

export const hyperLogLogRows: readonly CommandRow[] = [...countingRows, ...inspectionRows];
