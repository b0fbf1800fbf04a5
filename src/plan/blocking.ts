/** Owns the question what keeps slots from being moved safely. Pure. */
import { type Finding, findProblems } from '../cluster/health.ts';
import { type ClusterNode, nodeById, type Topology } from '../cluster/topology.ts';

/** Slots are to go from one master to another. */
export interface Move {
  readonly source: ClusterNode;
  readonly target: ClusterNode;
}

/**
 * A slot that is open between the ends of a move is no obstacle: it is the rest of a move that was cut short, and goes
 * first. Nodes that hold no slots, and replicas, may be away. `involved`: masters besides the ends that every other
 * must know.
 */
export function blockingMoves(
  topology: Topology,
  moves: readonly Move[],
  involved: readonly ClusterNode[] = [],
): Finding[] {
  const ends = new Set([...moves.flatMap(({ source, target }) => [source.id, target.id])]);
  const known = new Set([...ends, ...involved.map(({ id }) => id)]);
  const holdsSlots = (id: string): boolean => (nodeById(topology, id)?.slotCount ?? 0) > 0;
  return findProblems(topology).filter(({ kind, severity, nodes }) => {
    if (severity !== 'error') return false;
    switch (kind) {
      case 'open-slots':
        return !nodes.every((id) => isPartOf(topology, id, moves));
      case 'unreachable':
      case 'failing':
        return nodes.some((id) => ends.has(id) || holdsSlots(id));
      case 'unknown-node':
        return nodes.some((id) => known.has(id));
      case 'unknown-master':
        return false;
      default:
        return true;
    }
  });
}

/** Whether all that this node has open lies between the ends of a move. */
function isPartOf(topology: Topology, id: string, moves: readonly Move[]): boolean {
  const node = nodeById(topology, id);
  if (node === undefined) return false;
  const isMove = (sourceId: string, targetId: string): boolean =>
    moves.some(({ source, target }) => source.id === sourceId && target.id === targetId);
  return (
    node.migrating.every(({ nodeId }) => isMove(id, nodeId)) &&
    node.importing.every(({ nodeId }) => isMove(nodeId, id))
  );
}
