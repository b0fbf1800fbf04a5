/** Owns the step that makes a node a replica, as a part of a plan. */
import { nameOfNode, nodeById } from '../../cluster/topology.ts';
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface Replicate {
  readonly kind: 'replicate';
  readonly node: NodeRef;
  readonly master: NodeRef;
  /** The master that it had when this was planned; "" for none. */
  readonly formerMasterId: string;
  /** Masters that it may have come to follow by itself since, as when its own gives its last slot away. */
  readonly passingMasterIds?: readonly string[];
  /** It is a master whose slots are moved away before. */
  readonly drainedBefore?: boolean;
}

export const replicateKind: StepKind<Replicate> = {
  describe: ({ node, master }) => `make ${nameOfRef(node)} a replica of ${nameOfRef(master)}`,
  needs: ({ node, master }) => [node, master],
  whyNot({ node, master, formerMasterId, passingMasterIds = [], drainedBefore = false }, topology) {
    const found = nodeById(topology, node.id);
    if (found === undefined) return [];
    if (
      found.masterId !== undefined &&
      ![master.id, formerMasterId, ...passingMasterIds].includes(found.masterId)
    ) {
      return [`${nameOfNode(found)} is a replica of another master now.`];
    }
    if (drainedBefore) return [];
    const used = found.masterId === undefined && (found.slotCount > 0 || (found.view?.keyCount ?? 0) > 0);
    return used ? [`${nameOfNode(found)} has slots or keys now, and cannot become a replica.`] : [];
  },
  parse: (fields) => ({
    kind: 'replicate',
    node: fields.node('node'),
    master: fields.node('master'),
    formerMasterId: fields.has('formerMasterId') ? fields.text('formerMasterId') : '',
    ...(fields.has('passingMasterIds') ? { passingMasterIds: fields.texts('passingMasterIds') } : {}),
    ...(fields.flag('drainedBefore') ? { drainedBefore: true } : {}),
  }),
};
