/**
 * Owns what a repair makes of masters that do not answer: when it refuses to go on without them, and who takes their
 * places. Pure.
 */
import { answeringMasters } from '../cluster/slot-facts.ts';
import { type ClusterNode, nameOfNode, replicasOf, type Topology, viewsOf } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import type { NodeLine } from '../protocol/text/nodes.ts';
import { refTo, type Step } from './plan.ts';

/** For each master that does not answer, the replica among those that do which has most of what it had. */
export function promotionsIn(topology: Topology): Step[] {
  return unreachableOwners(topology).flatMap((master): Step[] => {
    const [replica] = replicasOf(topology, master.id)
      .filter(({ view }) => view !== undefined)
      .sort((one, other) => offsetOf(other) - offsetOf(one));
    if (replica === undefined) return [];
    return [{ kind: 'failover', replica: refTo(replica), master: refTo(master), way: 'takeover' }];
  });
}

/** How much of its master's stream a replica has. */
function offsetOf({ view }: ClusterNode): number {
  return view?.replication.offset ?? 0;
}

/** Masters that do not answer, and that the others give slots to. */
function unreachableOwners(topology: Topology): ClusterNode[] {
  return topology.nodes.filter(
    ({ role, silence, slotCount }) => role === 'master' && silence !== undefined && slotCount > 0,
  );
}

/**
 * Throws a TribError ("unsafe") when masters with slots do not answer and that is not `accepted`; when one is there for
 * other nodes; and when no master answers at all.
 */
export function refuseUnreachable(topology: Topology, accepted: boolean): void {
  const silent = unreachableOwners(topology);
  if (silent.length > 0 && !accepted) {
    const names = silent.map(nameOfNode).join(', ');
    throw new TribError(
      'unsafe',
      `Slots are not repaired while masters cannot be reached: ${names}. They may hold the only copy of keys.`,
      {
        hint: 'Bring them back, or wait until their replicas have taken over. With --fix-with-unreachable-masters replicas that answer take over at once, and the slots of masters without one go to the others, without the keys.',
      },
    );
  }
  for (const node of silent) {
    const linked = viewsOf(topology).find(({ lines }) => lines.some((line) => isAlive(line, node)));
    if (linked === undefined) continue;
    throw new TribError(
      'unsafe',
      `${nameOfNode(node)} does not answer here, but ${nameOfNode(linked)} has a link to it: it would lose its keys if its slots went to others.`,
      {
        hint: 'Run trib where it can be reached. If it has only just gone, wait for as long as the node timeout.',
      },
    );
  }
  if (answeringMasters(topology).length === 0)
    throw new TribError('unsafe', 'No master answers: nobody can have the slots.');
}

/** Whether a node that does not answer us is there for the one whose line this is. */
function isAlive({ id, linkState, flags }: NodeLine, node: ClusterNode): boolean {
  return id === node.id && linkState === 'connected' && !flags.includes('fail') && !flags.includes('fail?');
}
