/** Owns the shape of CLUSTER's subcommands: a row each, and the refusal where there is no cluster. */
import { error } from '../../../protocol/resp/encode.ts';
import type { CommandFlag, CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Cluster } from '../../parts/cluster.ts';

export type ClusterHandler = (cluster: Cluster, context: Context, argv: readonly string[]) => Reply;

export const NO_CLUSTER = error('ERR This instance has cluster support disabled');

export interface SubcommandText {
  readonly summary: string;
  readonly complexity?: string;
  readonly since?: string;
  readonly tips?: readonly string[];
}

/** Changes the cluster: not while a data set is being loaded. */
export const CHANGES: readonly CommandFlag[] = ['admin', 'stale', 'no_async_loading'];
export const SHOWS: readonly CommandFlag[] = ['stale'];
export const VARIES: readonly string[] = ['nondeterministic_output'];

/** `arity` counts CLUSTER and the subcommand. */
export function subcommand(
  name: string,
  arity: number,
  flags: readonly CommandFlag[],
  text: SubcommandText,
  run: ClusterHandler,
): CommandRow {
  return {
    name,
    arity,
    flags,
    categories: [],
    keySpecs: [],
    group: 'cluster',
    since: '3.0.0',
    complexity: 'O(1)',
    ...text,
    handler(context, argv) {
      const { cluster } = context.node;
      return cluster === undefined ? NO_CLUSTER : run(cluster, context, argv);
    },
  };
}
