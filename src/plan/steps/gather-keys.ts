/** Owns the step that brings keys from a master which has no right to them to the owner of their slot, as a part of a plan. */
import { nodeById } from '../../cluster/topology.ts';
import { formatRanges, type SlotRange } from '../../protocol/slots/slot-set.ts';
import { notMaster } from './open-slots.ts';
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface GatherKeys {
  readonly kind: 'gather-keys';
  /** Holds the keys, and does not own their slots. */
  readonly source: NodeRef;
  /** Owns the slots. */
  readonly target: NodeRef;
  readonly slots: readonly SlotRange[];
}

export const gatherKeysKind: StepKind<GatherKeys> = {
  describe: ({ source, target, slots }) =>
    `bring the keys of slots ${formatRanges(slots, ',')} that lie on ${nameOfRef(source)} to their owner ${nameOfRef(target)}`,
  needs: ({ source, target }) => [source, target],
  whyNot: ({ target }, topology) => notMaster(nodeById(topology, target.id)),
  parse: (fields) => ({
    kind: 'gather-keys',
    source: fields.node('source'),
    target: fields.node('target'),
    slots: fields.slots('slots'),
  }),
};
