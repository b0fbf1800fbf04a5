/** Owns the list of commands on streams. */
import type { CommandRow } from '../../command/row.ts';
import { addRows } from './add.ts';
import { autoClaimRow } from './autoclaim.ts';
import { changeRows } from './change.ts';
import { claimRow } from './claim.ts';
import { groupRow } from './group.ts';
import { infoRow } from './info.ts';
import { pendingRows } from './pending.ts';
import { rangeRows } from './range.ts';
import { readRows } from './read.ts';

export const streamRows: readonly CommandRow[] = [
  ...addRows,
  ...changeRows,
  ...rangeRows,
  ...readRows,
  groupRow,
  ...pendingRows,
  claimRow,
  autoClaimRow,
  infoRow,
];
