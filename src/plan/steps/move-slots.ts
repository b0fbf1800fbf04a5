/** Owns the step that moves slots with their keys from one master to another, as a part of a plan. */
import { type ClusterNode, nameOfNode, nodeById, slotOwners, type Topology } from '../../cluster/topology.ts';
import { formatRanges, rangesOf, type SlotRange, SlotSet } from '../../protocol/slots/slot-set.ts';
import { type NodeRef, nameOfRef, refTo, type StepKind } from './step-kind.ts';

export interface MoveSlots {
  readonly kind: 'move-slots';
  readonly source: NodeRef;
  readonly target: NodeRef;
  readonly slots: readonly SlotRange[];
}

/** Slots that one master is to give to another, before that is a step. */
export interface Transfer {
  readonly source: ClusterNode;
  readonly target: ClusterNode;
  /** Ascending. */
  readonly slots: readonly number[];
}

export function moveStep({ source, target, slots }: Transfer): MoveSlots {
  return { kind: 'move-slots', source: refTo(source), target: refTo(target), slots: rangesOf(slots) };
}

export const moveSlotsKind: StepKind<MoveSlots> = {
  describe: ({ source, target, slots }) =>
    `move slots ${formatRanges(slots, ',')} from ${nameOfRef(source)} to ${nameOfRef(target)}`,
  // A source that has given everything may have left the cluster since.
  needs: (step, topology) => (isDone(step, topology) ? [] : [step.source, step.target]),
  whyNot({ source, target, slots }, topology) {
    const owners = slotOwners(topology);
    const foreign = [...SlotSet.fromRanges(slots)].filter((slot) => {
      const owner = owners[slot]?.id;
      return owner !== source.id && owner !== target.id;
    });
    const reasons =
      foreign.length === 0
        ? []
        : [`Slots ${formatRanges(rangesOf(foreign), ',')} belong to ${ownersOf(foreign, owners)} now.`];
    const taker = nodeById(topology, target.id);
    if (taker?.role === 'replica') reasons.push(`${nameOfNode(taker)} is not a master any more.`);
    return reasons;
  },
  parse: (fields) => ({
    kind: 'move-slots',
    source: fields.node('source'),
    target: fields.node('target'),
    slots: fields.slots('slots'),
  }),
};

/** Every slot is the target's, and the source is gone or has nothing of it open. */
function isDone({ source, target, slots }: MoveSlots, topology: Topology): boolean {
  const wanted = SlotSet.fromRanges(slots);
  const owned = SlotSet.fromRanges(nodeById(topology, target.id)?.slots ?? []);
  const giver = nodeById(topology, source.id);
  const open = [...(giver?.migrating ?? []), ...(nodeById(topology, target.id)?.importing ?? [])];
  return [...wanted].every((slot) => owned.has(slot)) && !open.some(({ slot }) => wanted.has(slot));
}

function ownersOf(slots: readonly number[], owners: readonly (ClusterNode | undefined)[]): string {
  const names = slots.map((slot) => {
    const owner = owners[slot];
    return owner === undefined ? 'nobody' : nameOfNode(owner);
  });
  return [...new Set(names)].join(', ');
}
