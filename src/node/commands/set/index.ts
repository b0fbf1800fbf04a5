/** Owns the list of the set commands. */
import type { CommandRow } from '../../command/row.ts';
import { combineRows } from './combine.ts';
import { popRows } from './pop.ts';
import { readRows } from './read.ts';
import { writeRows } from './write.ts';

export const setRows: readonly CommandRow[] = [...writeRows, ...popRows, ...readRows, ...combineRows];
