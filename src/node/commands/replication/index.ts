/** Owns the list of the commands about replication. */
import type { CommandRow } from '../../command/row.ts';
import { failoverRow } from './failover.ts';
import { roleRows } from './role.ts';
import { syncRows } from './sync.ts';

export const replicationRows: readonly CommandRow[] = [...roleRows, ...syncRows, failoverRow];
