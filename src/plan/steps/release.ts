/** Owns the step that makes a replica a master of its own, without slots, as a part of a plan. */
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

/** Its master stays what it is; what the replica holds is its master's, and goes. */
export interface Release {
  readonly kind: 'release';
  readonly node: NodeRef;
  /** The other nodes, which it has to meet again. */
  readonly members: readonly NodeRef[];
}

export const releaseKind: StepKind<Release> = {
  describe: ({ node }) => `make the replica ${nameOfRef(node)} a master without slots`,
  needs: ({ node }) => [node],
  whyNot: () => [],
  parse: (fields) => ({ kind: 'release', node: fields.node('node'), members: fields.nodes('members') }),
};
