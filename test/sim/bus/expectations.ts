/** Owns what simulated clusters are expected to come to: agreement about nodes and slots. */
import { changeSlots, setImporting, setMigrating, setOwner } from '../../../src/node/bus/operator.ts';
import { SLOT_COUNT } from '../../../src/protocol/slots/key-slot.ts';
import type { SimNode } from './sim-node.ts';
import type { Simulation } from './simulation.ts';

export function everybodyKnowsEverybody(simulation: Simulation): boolean {
  const ids = simulation.nodes.map(({ id }) => id);
  return simulation.running.every(
    ({ state }) =>
      state.nodeCount === ids.length &&
      ids.every((id) => {
        const node = state.node(id);
        return node !== undefined && (node === state.myself || node.link !== undefined);
      }),
  );
}

/** Owner of each slot as a node sees it: a line to compare. */
export function viewOf({ state }: SimNode): string {
  return state.nodes
    .filter((node) => node.slots.size > 0)
    .map((node) => `${node.id} ${node.slots}`)
    .sort()
    .join('\n');
}

export function allAgree(simulation: Simulation): boolean {
  const [first, ...others] = simulation.running;
  return first !== undefined && others.every((node) => viewOf(node) === viewOf(first));
}

export function allOk(simulation: Simulation): boolean {
  return allAgree(simulation) && simulation.running.every(({ state }) => state.ok);
}

/** Slots that two masters hold for their own, each under the same epoch. */
export function doublyOwnedSlots(simulation: Simulation): number[] {
  const found: number[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const claimants = simulation.running
      .map(({ state }) => state)
      .filter((state) => state.owner(slot) === state.myself);
    const epochs = claimants.map((state) => state.myself.configEpoch);
    if (new Set(epochs).size < epochs.length) found.push(slot);
  }
  return found;
}

/** Distinct config epochs of all masters. */
export function epochsDiffer(simulation: Simulation): boolean {
  const masters = simulation.running.filter(({ state }) => state.myself.isMaster);
  return new Set(masters.map(({ state }) => state.myself.configEpoch)).size === masters.length;
}

export function meetAll(simulation: Simulation): void {
  const [first, ...others] = simulation.nodes;
  for (const other of others) first?.meet(other);
}

/** Gives all slots to the nodes in `masters`, in equal runs. */
export function shareSlots(simulation: Simulation, masters: readonly number[]): void {
  for (const [place, index] of masters.entries()) {
    const first = Math.ceil((place * SLOT_COUNT) / masters.length);
    const end = Math.ceil(((place + 1) * SLOT_COUNT) / masters.length);
    const slots = Array.from({ length: end - first }, (_, offset) => first + offset);
    const node = simulation.node(index);
    node.command(() => changeSlots(node.core, slots, true));
  }
}

/** Gives all slots but `few` to the nodes 0 and 2. */
export function shareSlotsExcept(simulation: Simulation, few: readonly number[]): void {
  const rest = Array.from({ length: SLOT_COUNT }, (_, slot) => slot).filter((slot) => !few.includes(slot));
  for (const index of [0, 2]) {
    const node = simulation.node(index);
    const slots = rest.filter((slot) => (slot % 2 === 0) === (index === 0));
    node.command(() => changeSlots(node.core, slots, true));
  }
}

/** The safe order: both ends open, then the target takes the slot, then the source lets it go. Ends with either's process. */
export function moveSlot(source: SimNode, target: SimNode, slot: number): void {
  const steps = [
    () => target.command(() => setImporting(target.core, slot, source.id)),
    () => source.command(() => setMigrating(source.core, slot, target.id)),
    () => source.keys.delete(slot),
    () => target.command(() => setOwner(target.core, slot, target.id)),
    () => {
      // The target's claim may have come first, and made a replica of a source that has no slot left.
      if (source.state.myself.isMaster) source.command(() => setOwner(source.core, slot, target.id));
    },
  ];
  for (const step of steps) if (source.isRunning && target.isRunning) step();
}
