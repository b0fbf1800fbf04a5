/** Owns the list of the commands about connections. */
import type { CommandRow } from '../../command/row.ts';
import { authRows } from './auth.ts';
import { clientRow } from './client.ts';
import { sessionRows } from './session.ts';

export const connectionRows: readonly CommandRow[] = [...sessionRows, ...authRows, clientRow];
