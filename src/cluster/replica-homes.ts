/**
 * Owns the choice of a master for a replica that needs one: the one with the fewest replicas, of these one on another
 * host. Pure. Source: redis-cli.c clusterManagerNodeWithLeastReplicas, which may choose a master that is leaving.
 */
import { type ClusterNode, mastersOf, replicasOf, type Topology } from './topology.ts';

export interface HomeRequest {
  /** Where the replica is. */
  readonly host: string;
  /** Ids of masters that are no choice: the one that leaves. */
  readonly except: ReadonlySet<string>;
  /** Replicas that each master is to get besides those that it has, by its id. */
  readonly promised?: ReadonlyMap<string, number>;
}

/**
 * Only masters that answer and that nobody sees as failing; one without slots needs a replica only where none has
 * slots. Undefined when there is none.
 */
export function homeFor(
  topology: Topology,
  { host, except, promised }: HomeRequest,
): ClusterNode | undefined {
  const able = mastersOf(topology).filter(
    ({ id, view, suspectedBy }) => view !== undefined && suspectedBy.length === 0 && !except.has(id),
  );
  const serving = able.filter(({ slotCount }) => slotCount > 0);
  const replicaCount = ({ id }: ClusterNode): number =>
    replicasOf(topology, id).filter((replica) => !except.has(replica.id)).length + (promised?.get(id) ?? 0);
  let best: ClusterNode | undefined;
  for (const node of serving.length > 0 ? serving : able) {
    if (best === undefined || isBetter(node, best)) best = node;
  }
  return best;

  function isBetter(node: ClusterNode, other: ClusterNode): boolean {
    const [count, otherCount] = [replicaCount(node), replicaCount(other)];
    if (count !== otherCount) return count < otherCount;
    return node.address.host !== host && other.address.host === host;
  }
}
