/** Owns the list of the commands of scripts and functions. */
import type { CommandRow } from '../../command/row.ts';
import { evalRows } from './eval.ts';
import { functionRow } from './function.ts';
import { scriptRow } from './script.ts';

export const scriptRows: readonly CommandRow[] = [...evalRows, scriptRow, functionRow];
