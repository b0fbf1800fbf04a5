/** Owns the list of the commands for publishing and subscribing. */
import type { CommandRow } from '../../command/row.ts';
import { publishRows } from './publish.ts';
import { pubsubRow } from './pubsub.ts';
import { subscribeRows } from './subscribe.ts';

export const pubsubRows: readonly CommandRow[] = [...subscribeRows, ...publishRows, pubsubRow];
