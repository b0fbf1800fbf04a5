/**
 * Owns the judgement of one slot in doubt: who owns it while it is repaired, to whom it goes, whose claims are given up,
 * whose keys are gathered, what is closed. Pure. The rules:
 *
 * - Of several claims, that of the highest epoch counts, since the bus would let it win as well.
 * - Where another node imports the slot, or claimed it, and holds keys of it, both ends are opened and the slot goes
 *   forward to that node: then every key can be reached at every moment, which it cannot be on the way back.
 * - Keys on any other node cannot be reached anyway: they are gathered to the owner.
 * - A slot that is open and of which nothing has moved is closed.
 *
 * Source of the cases: redis-cli.c clusterManagerFixOpenSlot, clusterManagerFixSlotsCoverage,
 * clusterManagerFixMultipleSlotOwners; what nodes do with claims: cluster.c clusterUpdateSlotsConfigWith.
 */
import { answeringMasters, claimantsBySlot, holdersOf, type SlotFacts } from '../cluster/slot-facts.ts';
import { type ClusterNode, nodeById, type Topology } from '../cluster/topology.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';

/** A slot that a node has open. */
export interface OpenState {
  readonly node: ClusterNode;
  readonly state: 'migrating' | 'importing';
  /** The other end as the node names it; it may not be there. */
  readonly otherId: string;
}

export interface Verdict {
  readonly slot: number;
  /** Owns it from now on; until it has gone to the target, if there is one. */
  readonly owner: ClusterNode;
  /** Nobody claims it: the owner takes it. */
  readonly takes: boolean;
  /** Where it goes, with both ends open. */
  readonly target: ClusterNode | undefined;
  /** The two ends are not both open towards each other yet. */
  readonly opens: boolean;
  /** Give up their claims; their keys are gathered, unless they are the target. */
  readonly drops: readonly ClusterNode[];
  /** Hold keys, or may, that go to the one who owns the slot in the end. */
  readonly gathers: readonly ClusterNode[];
  readonly closes: readonly OpenState[];
  /** Masters that take somebody else for the owner as it is now. */
  readonly strangers: readonly ClusterNode[];
}

/** All that is known, by slot. */
export class Picture {
  readonly masters: readonly ClusterNode[];
  readonly claimants: readonly (readonly ClusterNode[])[];
  readonly #topology: Topology;
  readonly #facts: SlotFacts;
  readonly #open = new Map<number, OpenState[]>();
  readonly #seen: ReadonlyMap<string, readonly (string | undefined)[]>;

  constructor(topology: Topology, facts: SlotFacts) {
    this.#topology = topology;
    this.#facts = facts;
    this.masters = answeringMasters(topology);
    this.claimants = claimantsBySlot(topology);
    this.#seen = new Map(this.masters.map((node) => [node.id, ownersSeenBy(node)]));
    for (const node of this.masters) {
      for (const state of ['migrating', 'importing'] as const) {
        for (const { slot, nodeId } of node[state]) {
          const states = this.#open.get(slot) ?? [];
          states.push({ node, state, otherId: nodeId });
          this.#open.set(slot, states);
        }
      }
    }
  }

  openStates(slot: number): readonly OpenState[] {
    return this.#open.get(slot) ?? [];
  }

  keysOn(slot: number, node: ClusterNode): number {
    return holdersOf(this.#facts, slot).get(node.id) ?? 0;
  }

  /** Most keys first. */
  holders(slot: number): ClusterNode[] {
    return this.masters
      .filter((node) => this.keysOn(slot, node) > 0)
      .sort((a, b) => this.keysOn(slot, b) - this.keysOn(slot, a));
  }

  /** The master that answers under this id, or that has this id's node for a replica now: it was failed over. */
  masterNow(id: string): ClusterNode | undefined {
    const node = nodeById(this.#topology, id);
    const masterId = node?.role === 'replica' ? node.masterId : id;
    return this.masters.find((master) => master.id === masterId);
  }

  /** The masters that most others take for the owner of the slot come first. */
  reputedOwner(slot: number): ClusterNode | undefined {
    const votes = new Map<string, number>();
    for (const seen of this.#seen.values()) {
      const id = seen[slot];
      if (id !== undefined) votes.set(id, (votes.get(id) ?? 0) + 1);
    }
    const [best] = [...votes].sort((a, b) => b[1] - a[1]);
    return best === undefined ? undefined : this.masters.find(({ id }) => id === best[0]);
  }

  strangersTo(slot: number, owner: ClusterNode): ClusterNode[] {
    return this.masters.filter(
      (node) => node.id !== owner.id && this.#seen.get(node.id)?.[slot] !== owner.id,
    );
  }
}

function ownersSeenBy({ view }: ClusterNode): (string | undefined)[] {
  const owners: (string | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  for (const { id, slots } of view?.lines ?? []) {
    for (const { first, last } of slots) owners.fill(id, first, last + 1);
  }
  return owners;
}

/** `taker`: who takes the slot where nobody claims it, holds keys of it, or is taken for its owner. */
export function judge(picture: Picture, slot: number, taker: () => ClusterNode): Verdict {
  const claimants = picture.claimants[slot] ?? [];
  const [claimant] = claimants;
  const { owner, target } =
    claimant === undefined
      ? endsOfNobodys(picture, slot, taker)
      : { owner: claimant, target: targetOf(picture, slot, claimant) };
  const drops = claimants.slice(1);
  const isEnd = (node: ClusterNode): boolean => node === owner || node === target;
  const gathers = picture.masters.filter(
    (node) => !isEnd(node) && (drops.includes(node) || picture.keysOn(slot, node) > 0),
  );
  return {
    slot,
    owner,
    takes: claimant === undefined,
    target,
    opens: target !== undefined && !isOpenBetween(picture, slot, owner, target),
    drops,
    gathers,
    closes: picture.openStates(slot).filter((open) => isForNothing(open, owner, target, gathers)),
    strangers: picture.strangersTo(slot, owner),
  };
}

/** To whom a claimed slot goes; undefined when it stays. */
function targetOf(picture: Picture, slot: number, owner: ClusterNode): ClusterNode | undefined {
  const states = picture.openStates(slot);
  const importing = (node: ClusterNode): OpenState | undefined =>
    states.find((open) => open.node === node && open.state === 'importing');
  const migrating = states.find(({ node, state }) => node === owner && state === 'migrating');
  const named = migrating === undefined ? undefined : picture.masterNow(migrating.otherId);
  if (named !== undefined && named !== owner) {
    if (importing(named)?.otherId === owner.id || picture.keysOn(slot, named) > 0) return named;
  }
  const claims = picture.claimants[slot] ?? [];
  return picture
    .holders(slot)
    .find((node) => node !== owner && (importing(node) !== undefined || claims.includes(node)));
}

/** Where nobody claims the slot, those who hold its keys are its ends: the two with the most keys. */
function endsOfNobodys(
  picture: Picture,
  slot: number,
  taker: () => ClusterNode,
): { readonly owner: ClusterNode; readonly target: ClusterNode | undefined } {
  const holders = picture.holders(slot);
  const [first, second] = holders;
  if (first === undefined) return { owner: picture.reputedOwner(slot) ?? taker(), target: undefined };
  if (second === undefined) return { owner: first, target: undefined };
  const imports = picture.openStates(slot).filter(({ state }) => state === 'importing');
  const target = holders.find((holder) => imports.some(({ node }) => node === holder)) ?? first;
  return { owner: target === first ? second : first, target };
}

function isOpenBetween(picture: Picture, slot: number, owner: ClusterNode, target: ClusterNode): boolean {
  const states = picture.openStates(slot);
  return (
    states.some((open) => open.node === owner && open.state === 'migrating' && open.otherId === target.id) &&
    states.some((open) => open.node === target && open.state === 'importing' && open.otherId === owner.id)
  );
}

/** Whether an open state serves nothing that is to be done. What is opened anew needs no closing before. */
function isForNothing(
  { node, state }: OpenState,
  owner: ClusterNode,
  target: ClusterNode | undefined,
  gathers: readonly ClusterNode[],
): boolean {
  // Its keys are gathered first, while it imports; then it is closed.
  if (gathers.includes(node)) return false;
  if (node === owner) return state === 'migrating' && target === undefined;
  // MIGRATING of a node that owns nothing would come to life when it becomes the owner.
  return node === target ? state === 'migrating' : true;
}
