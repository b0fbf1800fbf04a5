/** Owns the plan that brings the keys of a server outside the cluster into it. Pure. */
import { slotHolders, type Topology } from '../cluster/topology.ts';
import type { Address } from '../protocol/text/addresses.ts';
import { refuseUnwritable } from './obstacles.ts';
import { type MoveOptions, PLAN_VERSION, type PlainPlan, refTo } from './plan.ts';

export interface ImportRequest {
  readonly source: Address;
  /** In its database 0. */
  readonly keys: number;
  /** The source keeps its keys. */
  readonly copy: boolean;
  readonly options: MoveOptions;
}

/** Throws a TribError ("unsafe") when something is wrong with the cluster. */
export function planImport(topology: Topology, { source, keys, copy, options }: ImportRequest): PlainPlan {
  refuseUnwritable(topology, 'importing keys');
  const masters = slotHolders(topology).map(refTo);
  const { host, port } = source;
  return {
    version: PLAN_VERSION,
    operation: 'import',
    seed: topology.seed,
    options,
    steps: keys === 0 ? [] : [{ kind: 'import-keys', source: { host, port }, masters, copy, keys }],
  };
}
