/**
 * Owns the steps that settle who owns slots, as parts of a plan: a master takes slots that nobody has, gives up a claim
 * that another has too, and the others hear of it.
 */
import { nodeById, slotOwners } from '../../cluster/topology.ts';
import { formatRanges, type SlotRange, SlotSet } from '../../protocol/slots/slot-set.ts';
import { notMaster, ownedByOthers } from './open-slots.ts';
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

/** Slots that nobody has become the node's, under an epoch that wins. */
export interface TakeSlots {
  readonly kind: 'take-slots';
  readonly node: NodeRef;
  readonly slots: readonly SlotRange[];
  /** Holds keys of them as well: they are open towards it from the first moment. */
  readonly target: NodeRef | undefined;
}

/** Of two masters that claim slots, one gives its claim up; it keeps its keys of them, and imports the slots. */
export interface DropClaim {
  readonly kind: 'drop-claim';
  readonly node: NodeRef;
  /** Keeps its claim. */
  readonly owner: NodeRef;
  readonly slots: readonly SlotRange[];
  /** The slots are migrating on the owner towards the node, from before it gives them up. */
  readonly opens: boolean;
}

/** The nodes are to know that the slots are the owner's: by the bus, or because they are told. */
export interface AnnounceSlots {
  readonly kind: 'announce-slots';
  readonly owner: NodeRef;
  readonly slots: readonly SlotRange[];
  readonly nodes: readonly NodeRef[];
}

export const takeSlotsKind: StepKind<TakeSlots> = {
  describe: ({ node, slots, target }) =>
    `give slots ${formatRanges(slots, ',')}, which nobody has, to ${nameOfRef(node)}${target === undefined ? '' : `, open towards ${nameOfRef(target)}`}`,
  needs: ({ node, target }) => (target === undefined ? [node] : [node, target]),
  whyNot: ({ node, slots, target }, topology) => [
    ...notMaster(nodeById(topology, node.id)),
    ...ownedByOthers(
      SlotSet.fromRanges(slots),
      target === undefined ? [node] : [node, target],
      slotOwners(topology),
    ),
  ],
  parse: (fields) => ({
    kind: 'take-slots',
    node: fields.node('node'),
    slots: fields.slots('slots'),
    target: fields.has('target') ? fields.node('target') : undefined,
  }),
};

export const dropClaimKind: StepKind<DropClaim> = {
  describe: ({ node, owner, slots }) =>
    `let ${nameOfRef(node)} give up its claim to slots ${formatRanges(slots, ',')}, which ${nameOfRef(owner)} has`,
  needs: ({ node, owner }) => [node, owner],
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'drop-claim',
    node: fields.node('node'),
    owner: fields.node('owner'),
    slots: fields.slots('slots'),
    opens: fields.flag('opens'),
  }),
};

export const announceSlotsKind: StepKind<AnnounceSlots> = {
  describe: ({ owner, slots, nodes }) =>
    `let ${nodes.map(nameOfRef).join(', ')} know that slots ${formatRanges(slots, ',')} belong to ${nameOfRef(owner)}`,
  needs: ({ owner }) => [owner],
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'announce-slots',
    owner: fields.node('owner'),
    slots: fields.slots('slots'),
    nodes: fields.nodes('nodes'),
  }),
};
