/** Owns the list of the commands on places. */
import type { CommandRow } from '../../command/row.ts';
import { memberRows } from './members.ts';
import { searchRows } from './search.ts';

export const geoRows: readonly CommandRow[] = [...memberRows, ...searchRows];
