/**
 * Owns the operation that brings the keys of a server outside the cluster into it, of all types, each to the master of
 * its slot. Usable without any command line.
 */
import { findProblems } from '../../cluster/health.ts';
import { planImport } from '../../plan/import.ts';
import { defaultMoveOptions, type MoveOptions } from '../../plan/plan.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { surveySettled } from '../settle.ts';
import { inspectSource, poolOfSource } from '../steps/import-keys/source.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface ImportOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  /** The server outside; its password is in `sourceCredentials`. */
  readonly source: Address;
  /** The source keeps its keys. */
  readonly copy?: boolean;
  readonly moveOptions?: MoveOptions;
}

/**
 * Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed, or at the end when
 * keys were in the cluster with other values.
 */
export function importKeys(options: ImportOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    // Slots may be on their way right now: that is no obstacle, as long as nodes come to agree.
    const topology = yield* surveySettled(tools, options.seeds);
    yield { type: 'checked', topology, findings: findProblems(topology) };
    const sources = poolOfSource(tools.pool, options.sourceCredentials);
    const { source } = options;
    const { keys, others } = await inspectSource(sources, source).finally(() => sources.close());
    yield { type: 'source-counted', source: { host: source.host, port: source.port }, keys, others };
    const plan = planImport(topology, {
      source,
      keys,
      copy: options.copy ?? false,
      options: options.moveOptions ?? defaultMoveOptions,
    });
    yield yield* carryOut(plan, topology, tools, options);
  });
}
