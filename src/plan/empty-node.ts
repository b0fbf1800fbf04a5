/** Owns the question whether a node is fit to be taken into a cluster: empty, and alone. Pure. */
import { type ClusterNode, nameOfNode } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';

/** A cluster must not swallow a node that holds something. Throws a TribError ("unsafe") that says what that is. */
export function refuseUsed(node: ClusterNode): void {
  const others = (node.view?.lines.length ?? 1) - 1;
  const keys = node.view?.keyCount ?? 0;
  const reasons: string[] = [];
  if (others > 0) reasons.push(`knows ${others} other node${others === 1 ? '' : 's'}`);
  if (node.slotCount > 0) reasons.push(`has ${node.slotCount} slots`);
  if (keys > 0) reasons.push(`contains ${keys} key${keys === 1 ? '' : 's'}`);
  if (reasons.length === 0) return;
  throw new TribError('unsafe', `[ERR] Node ${nameOfNode(node)} is not empty: it ${reasons.join(' and ')}.`, {
    hint: 'Use another node, or empty this one with FLUSHALL and CLUSTER RESET if nobody needs what it holds.',
  });
}
