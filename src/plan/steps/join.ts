/** Owns the step that brings a new node into a cluster that is at work, as a part of a plan. */
import { isSettled } from '../../cluster/merge.ts';
import { nameOfNode, nodeById, type Topology } from '../../cluster/topology.ts';
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

/** The node and the members are to know each other; members among themselves do already. */
export interface Join {
  readonly kind: 'join';
  readonly node: NodeRef;
  readonly members: readonly NodeRef[];
}

export const joinKind: StepKind<Join> = {
  describe: ({ node, members }) =>
    `introduce ${nameOfRef(node)} to the ${members.length} nodes of the cluster, and wait until all know each other`,
  // A member that went in the meantime need not know the new node.
  needs: ({ node }) => [node],
  whyNot({ node, members }, topology) {
    const found = nodeById(topology, node.id);
    const view = found?.view;
    if (found === undefined || view === undefined) return [];
    const known = idsKnownTo(topology, members);
    if (known.has(node.id)) return [];
    const keys = view.keyCount;
    if (view.lines.some((line) => line.id !== node.id && isSettled(line) && !known.has(line.id)))
      return [`${nameOfNode(found)} has met nodes of another cluster meanwhile.`];
    return keys > 0 ? [`${nameOfNode(found)} contains ${keys} keys now.`] : [];
  },
  parse: (fields) => ({ kind: 'join', node: fields.node('node'), members: fields.nodes('members') }),
};

function idsKnownTo(topology: Topology, members: readonly NodeRef[]): Set<string> {
  const lines = members.flatMap(({ id }) => nodeById(topology, id)?.view?.lines ?? []);
  return new Set(lines.filter(isSettled).map(({ id }) => id));
}
