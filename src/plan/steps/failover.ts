/** Owns the steps by which a replica takes the place of its master, as parts of a plan. */
import { nameOfNode, nodeById, type Topology } from '../../cluster/topology.ts';
import { isBlank, type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

/** "manual": the master hands over, and nothing is lost; "force": without it; "takeover": without any vote too. */
export const failoverWays = ['manual', 'force', 'takeover'] as const;
export type FailoverWay = (typeof failoverWays)[number];

export interface Failover {
  readonly kind: 'failover';
  readonly replica: NodeRef;
  readonly master: NodeRef;
  readonly way: FailoverWay;
}

/** A node becomes a replica of a master, catches up, and takes over: one step, since it never goes back. */
export interface TakeOver {
  readonly kind: 'take-over';
  readonly node: NodeRef;
  readonly master: NodeRef;
}

export const failoverKind: StepKind<Failover> = {
  describe: ({ replica, master, way }) =>
    `let ${nameOfRef(replica)} take over from its master ${nameOfRef(master)}${way === 'manual' ? '' : ` (${way})`}`,
  // A master may be away: that is what --force is for.
  needs: ({ replica }) => [replica],
  whyNot({ replica, master }, topology) {
    const found = nodeById(topology, replica.id);
    if (found?.masterId === undefined || found.masterId === master.id) return [];
    return [`${nameOfNode(found)} is a replica of another master now.`];
  },
  parse: (fields) => ({
    kind: 'failover',
    replica: fields.node('replica'),
    master: fields.node('master'),
    way: fields.oneOf('way', failoverWays),
  }),
};

export const takeOverKind: StepKind<TakeOver> = {
  describe: ({ node, master }) =>
    `make ${nameOfRef(node)} a replica of ${nameOfRef(master)}, wait until it has all data, and let it take over`,
  needs: ({ node, master }, topology) => (hasTakenOver(topology, node.id) ? [] : [node, master]),
  whyNot({ node, master }, topology) {
    const found = nodeById(topology, node.id);
    if (found?.masterId !== undefined && found.masterId !== master.id)
      return [`${nameOfNode(found)} is a replica of another master now.`];
    const old = nodeById(topology, master.id);
    const bothServe = hasTakenOver(topology, node.id) && old?.role === 'master' && old.slotCount > 0;
    return bothServe ? [`${nameOfRef(node)} and ${nameOfRef(master)} both have slots now.`] : [];
  },
  parse: (fields) => ({ kind: 'take-over', node: fields.node('node'), master: fields.node('master') }),
};

function hasTakenOver(topology: Topology, id: string): boolean {
  const node = nodeById(topology, id);
  return !isBlank(topology) && node?.role === 'master' && node.slotCount > 0;
}
