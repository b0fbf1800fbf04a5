/** Owns the question what keeps nodes from being added, replaced or removed: problems of the cluster itself. Pure. */
import { findProblems } from '../cluster/health.ts';
import { nodeById, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';

/**
 * Throws a TribError ("unsafe") that tells the problems. Nodes without slots may be away, and not all need to know all:
 * such is what changes of members are there for. `leaving`: a node that may be in any state. `doing`: "adding a node".
 */
export function refuseOnProblems(topology: Topology, doing: string, leaving = ''): void {
  const blocking = findProblems(topology).filter(({ kind, severity, nodes }) => {
    if (severity !== 'error') return false;
    switch (kind) {
      case 'unreachable':
      case 'failing':
        return nodes.some((id) => id !== leaving && (nodeById(topology, id)?.slotCount ?? 0) > 0);
      case 'unknown-node':
      case 'unknown-master':
        return false;
      default:
        return true;
    }
  });
  if (blocking.length === 0) return;
  throw new TribError('unsafe', `*** Please fix your cluster problems before ${doing}`, {
    hint: blocking.map(({ message }) => message).join('\n'),
  });
}
