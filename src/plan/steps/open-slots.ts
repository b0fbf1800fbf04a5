/** Owns the steps that open slots between two masters, and close slots on one, as parts of a plan. */
import { type ClusterNode, nameOfNode, nodeById } from '../../cluster/topology.ts';
import { formatRanges, type SlotRange } from '../../protocol/slots/slot-set.ts';
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

/** Migrating on the source, importing on the target, whatever either had them open for before. */
export interface OpenSlots {
  readonly kind: 'open-slots';
  /** Owns the slots. */
  readonly source: NodeRef;
  readonly target: NodeRef;
  readonly slots: readonly SlotRange[];
}

/** Slots that are open for nothing: closed if they are still open in the way that was seen. */
export interface CloseSlots {
  readonly kind: 'close-slots';
  readonly node: NodeRef;
  readonly state: 'migrating' | 'importing';
  /** The id of the other end, which may be a node that is not there. */
  readonly otherId: string;
  readonly slots: readonly SlotRange[];
}

export const openSlotsKind: StepKind<OpenSlots> = {
  describe: ({ source, target, slots }) =>
    `open slots ${formatRanges(slots, ',')}: migrating on ${nameOfRef(source)}, importing on ${nameOfRef(target)}`,
  needs: ({ source, target }) => [source, target],
  // A source that has given its last slot meanwhile may be a replica.
  whyNot: ({ target }, topology) => notMaster(nodeById(topology, target.id)),
  parse: (fields) => ({
    kind: 'open-slots',
    source: fields.node('source'),
    target: fields.node('target'),
    slots: fields.slots('slots'),
  }),
};

export const closeSlotsKind: StepKind<CloseSlots> = {
  describe: ({ node, state, slots }) =>
    `close slots ${formatRanges(slots, ',')} on ${nameOfRef(node)}, which are ${state} for nothing`,
  needs: ({ node }) => [node],
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'close-slots',
    node: fields.node('node'),
    state: fields.oneOf('state', ['migrating', 'importing']),
    otherId: fields.text('otherId'),
    slots: fields.slots('slots'),
  }),
};

/** A sentence when the node has become a replica; one that is away is told of elsewhere. */
export function notMaster(node: ClusterNode | undefined): string[] {
  return node?.role === 'replica' ? [`${nameOfNode(node)} is not a master any more.`] : [];
}

/** A sentence when slots belong to another master than one of these now; nobody's are nobody's still. */
export function ownedByOthers(
  slots: Iterable<number>,
  allowed: readonly NodeRef[],
  owners: readonly (ClusterNode | undefined)[],
): string[] {
  const ids = new Set(allowed.map(({ id }) => id));
  const others = new Map<string, ClusterNode>();
  for (const slot of slots) {
    const owner = owners[slot];
    if (owner?.view !== undefined && !ids.has(owner.id)) others.set(owner.id, owner);
  }
  if (others.size === 0) return [];
  const names = [...others.values()].map(nameOfNode).join(', ');
  return [`Some of its slots belong to ${names} now.`];
}
