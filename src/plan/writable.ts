/** Owns the question what keeps keys from being written to every slot of a cluster. Pure. */
import { findProblems } from '../cluster/health.ts';
import { nodeById, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';

/**
 * Throws a TribError ("unsafe") that tells the problems. Slots may be on their way: who writes keys follows them; and
 * nodes without slots may be away. `doing`: "importing keys".
 */
export function refuseUnwritable(topology: Topology, doing: string): void {
  const blocking = findProblems(topology).filter(({ kind, severity, nodes }) => {
    if (severity !== 'error') return false;
    switch (kind) {
      case 'unreachable':
      case 'failing':
        return nodes.some((id) => (nodeById(topology, id)?.slotCount ?? 0) > 0);
      case 'open-slots':
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
