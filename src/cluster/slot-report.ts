/** Owns the report of slots in doubt: what each master says of the slot, and how many keys of it it holds. Pure. */
import type { Address } from '../protocol/text/addresses.ts';
import { answeringMasters, holdersOf, type SlotFacts } from './slot-facts.ts';
import type { Topology } from './topology.ts';

export interface SlotReport {
  readonly slot: number;
  /** Those that have to do with it. */
  readonly masters: readonly {
    readonly id: string;
    readonly node: Address;
    readonly owns: boolean;
    readonly state: 'migrating' | 'importing' | null;
    /** The id of the other end. */
    readonly otherId: string | null;
    readonly keys: number;
  }[];
}

export function reportSlots(topology: Topology, facts: SlotFacts, slots: Iterable<number>): SlotReport[] {
  const masters = answeringMasters(topology);
  return [...slots].map((slot) => ({
    slot,
    masters: masters.flatMap((node) => {
      const owns = node.slots.some(({ first, last }) => first <= slot && slot <= last);
      const migrating = node.migrating.find((open) => open.slot === slot);
      const open = migrating ?? node.importing.find((entry) => entry.slot === slot);
      const keys = holdersOf(facts, slot).get(node.id) ?? 0;
      if (!owns && open === undefined && keys === 0) return [];
      const state = open === undefined ? null : open === migrating ? 'migrating' : 'importing';
      return [{ id: node.id, node: node.address, owns, state, otherId: open?.nodeId ?? null, keys }];
    }),
  }));
}

/** Masters that own the slot, or hold keys of it, which counts as a claim where owners are searched for. */
export function ownersIn({ masters }: SlotReport): SlotReport['masters'] {
  return masters.filter(({ owns, keys }) => owns || keys > 0);
}
