/**
 * Owns the list of the cluster's commands: CLUSTER, ASKING, READONLY, READWRITE.
 * Source: Redis 7.0 cluster.c askingCommand, readonlyCommand, readwriteCommand; src/commands/cluster*.json.
 */
import { OK } from '../../../protocol/resp/encode.ts';
import type { CommandFlag, CommandRow } from '../../command/row.ts';
import type { Session } from '../../dispatch/session.ts';
import { slotKeyRows } from './keys.ts';
import { nodeRows } from './nodes.ts';
import { NO_CLUSTER } from './row.ts';
import { showRows } from './show.ts';
import { slotRows } from './slots.ts';

/** Says something about the connection; refused without a cluster. */
function connectionRow(
  name: string,
  flags: readonly CommandFlag[],
  summary: string,
  set: (client: Session) => void,
): CommandRow {
  return {
    name,
    arity: 1,
    flags,
    categories: ['connection'],
    keySpecs: [],
    summary,
    since: '3.0.0',
    group: 'cluster',
    complexity: 'O(1)',
    handler({ client, node }) {
      if (node.cluster === undefined) return NO_CLUSTER;
      set(client);
      return OK;
    },
  };
}

export const clusterRows: readonly CommandRow[] = [
  {
    name: 'cluster',
    arity: -2,
    flags: [],
    categories: [],
    keySpecs: [],
    summary: 'A container for cluster commands',
    since: '3.0.0',
    group: 'cluster',
    complexity: 'Depends on subcommand.',
    subcommands: [...showRows, ...slotRows, ...slotKeyRows, ...nodeRows],
  },
  connectionRow('asking', ['fast'], 'Sent by cluster clients after an -ASK redirect', (client) => {
    client.asking = true;
  }),
  connectionRow(
    'readonly',
    ['loading', 'stale', 'fast'],
    'Enables read queries for a connection to a cluster replica node',
    (client) => {
      client.readonly = true;
    },
  ),
  connectionRow(
    'readwrite',
    ['loading', 'stale', 'fast'],
    'Disables read queries for a connection to a cluster replica node',
    (client) => {
      client.readonly = false;
    },
  ),
];
