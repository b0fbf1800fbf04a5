/** Owns the step that lets every other node forget one, as a part of a plan. */
import { nameOfNode, nodeById } from '../../cluster/topology.ts';
import { isBlank, type NodeRef, type StepKind } from './step-kind.ts';

export interface Forget {
  readonly kind: 'forget';
  /** The node that leaves. It may have no address any more. */
  readonly id: string;
  /** How it is called in sentences. */
  readonly name: string;
  /** The nodes that stay. */
  readonly nodes: readonly NodeRef[];
}

export const forgetKind: StepKind<Forget> = {
  describe: ({ name, nodes }) =>
    `let the ${nodes.length === 1 ? 'other node' : `${nodes.length} other nodes`} forget ${name}`,
  // Who is away, or has left as well, cannot be told.
  needs: ({ nodes }, topology) => (isBlank(topology) ? nodes : []),
  whyNot: ({ id }, topology) => {
    const node = nodeById(topology, id);
    if (node === undefined || node.role === 'replica') return [];
    const keys = node.view?.keyCount ?? 0;
    return node.slotCount === 0 && keys > 0 ? [`${nameOfNode(node)} contains ${keys} keys now.`] : [];
  },
  parse: (fields) => ({
    kind: 'forget',
    id: fields.text('id'),
    name: fields.text('name'),
    nodes: fields.nodes('nodes'),
  }),
};
