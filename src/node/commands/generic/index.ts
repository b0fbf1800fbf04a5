/** Owns the list of the commands that work on keys of any type. */
import type { CommandRow } from '../../command/row.ts';
import { deleteRows } from './delete.ts';
import { expireRows } from './expire.ts';
import { objectRow } from './object.ts';
import { renameRows } from './rename.ts';
import { scanRows } from './scan.ts';
import { ttlRows } from './ttl.ts';

export const genericRows: readonly CommandRow[] = [
  ...deleteRows,
  ...expireRows,
  ...ttlRows,
  ...scanRows,
  ...renameRows,
  objectRow,
];
