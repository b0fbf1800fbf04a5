/** Owns the step that gives slots nobody has to a node, as a part of a plan. */
import { nameOfNode, slotOwners } from '../../cluster/topology.ts';
import { formatRanges, rangesOf, type SlotRange, SlotSet } from '../../protocol/slots/slot-set.ts';
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface AssignSlots {
  readonly kind: 'assign-slots';
  readonly node: NodeRef;
  readonly slots: readonly SlotRange[];
}

export const assignSlotsKind: StepKind<AssignSlots> = {
  describe: ({ node, slots }) => `assign slots ${formatRanges(slots, ',')} to ${nameOfRef(node)}`,
  needs: ({ node }) => [node],
  whyNot({ node, slots }, topology) {
    const owners = slotOwners(topology);
    const taken = [...SlotSet.fromRanges(slots)].filter((slot) => (owners[slot]?.id ?? node.id) !== node.id);
    if (taken.length === 0) return [];
    const names = new Set(taken.flatMap((slot) => owners[slot] ?? []).map(nameOfNode));
    return [`Slots ${formatRanges(rangesOf(taken), ',')} belong to ${[...names].join(', ')} now.`];
  },
  parse: (fields) => ({ kind: 'assign-slots', node: fields.node('node'), slots: fields.slots('slots') }),
};
