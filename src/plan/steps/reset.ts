/** Owns the step that lets a node forget the cluster that it has left, as a part of a plan. */
import { isBlank, type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface Reset {
  readonly kind: 'reset';
  readonly node: NodeRef;
}

export const resetKind: StepKind<Reset> = {
  describe: ({ node }) => `let ${nameOfRef(node)} forget the cluster (CLUSTER RESET SOFT)`,
  // The others do not know it any more: whether it is there is seen when it is asked.
  needs: ({ node }, topology) => (isBlank(topology) ? [node] : []),
  whyNot: () => [],
  parse: (fields) => ({ kind: 'reset', node: fields.node('node') }),
};
