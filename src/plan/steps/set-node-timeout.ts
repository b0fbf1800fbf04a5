/** Owns the step that sets the node timeout of one node, as a part of a plan. */
import { isBlank, type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface SetNodeTimeout {
  readonly kind: 'set-node-timeout';
  readonly node: NodeRef;
  readonly timeoutMs: number;
}

export const setNodeTimeoutKind: StepKind<SetNodeTimeout> = {
  describe: ({ node, timeoutMs }) => `set cluster-node-timeout of ${nameOfRef(node)} to ${timeoutMs}`,
  // One that is away keeps no other from its new timeout; it is told of at the end.
  needs: ({ node }, topology) => (isBlank(topology) ? [node] : []),
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'set-node-timeout',
    node: fields.node('node'),
    timeoutMs: fields.whole('timeoutMs'),
  }),
};
