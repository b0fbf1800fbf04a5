/** Owns the list of the hash commands. */
import type { CommandRow } from '../../command/row.ts';
import { countRows } from './count.ts';
import { randomRows } from './random.ts';
import { readRows } from './read.ts';
import { writeRows } from './write.ts';

export const hashRows: readonly CommandRow[] = [...writeRows, ...readRows, ...countRows, ...randomRows];
