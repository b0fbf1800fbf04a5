/**
 * Owns the layout of a new cluster: which nodes become masters, with which slots, and whose replicas the others are.
 * Gives what redis-cli gives for the same list of nodes: masters and replicas interleaved by host, slots by a cursor
 * of single precision, replicas on another host than their master's where there is one, then random swaps that make
 * it better. Source: redis-cli.c clusterManagerCommandCreate, clusterManagerOptimizeAntiAffinity.
 */
import type { Random } from '../core/random.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import type { SlotRange } from '../protocol/slots/slot-set.ts';
import type { Address } from '../protocol/text/addresses.ts';

export interface Placeable {
  readonly id: string;
  readonly address: Address;
}

export interface MasterPlace<Node> {
  readonly node: Node;
  readonly slots: SlotRange;
}

export interface ReplicaPlace<Node> {
  readonly node: Node;
  readonly master: Node;
}

/** How well replicas are kept away from the hosts of their masters and of each other. */
export type AntiAffinity = 'perfect' | 'replicas-together' | 'replica-with-master';

export interface Placement<Node> {
  readonly masters: readonly MasterPlace<Node>[];
  readonly replicas: readonly ReplicaPlace<Node>[];
  readonly antiAffinity: AntiAffinity;
}

export const fewestMasters = 3;

/** How many masters a cluster of `nodeCount` nodes gets; at least three are needed. */
export function masterCount(nodeCount: number, replicas: number): number {
  return Math.floor(nodeCount / (replicas + 1));
}

export function placeNodes<Node extends Placeable>(
  nodes: readonly Node[],
  replicas: number,
  random: Random,
): Placement<Node> {
  const interleaved = interleaveByHost(nodes);
  const count = masterCount(nodes.length, replicas);
  const masters = interleaved.slice(0, count);
  const replicaPlaces = improve(assignReplicas(masters, rotated(interleaved.slice(count)), replicas), random);
  const ranges = divideSlots(count);
  return {
    masters: masters.map((node, index) => ({ node, slots: ranges[index] as SlotRange })),
    replicas: replicaPlaces,
    antiAffinity: gradeOf(replicaPlaces),
  };
}

/** One node of each host by turns, hosts and nodes in the order given. */
function interleaveByHost<Node extends Placeable>(nodes: readonly Node[]): Node[] {
  const byHost = new Map<string, Node[]>();
  for (const node of nodes) {
    byHost.set(node.address.host, [...(byHost.get(node.address.host) ?? []), node]);
  }
  const interleaved: Node[] = [];
  for (let turn = 0; interleaved.length < nodes.length; turn++) {
    for (const ofHost of byHost.values()) {
      const node = ofHost[turn];
      if (node !== undefined) interleaved.push(node);
    }
  }
  return interleaved;
}

/** Slots for each of `count` masters, ascending. The sums are of single precision, as redis-cli's are. */
export function divideSlots(count: number): SlotRange[] {
  const slotsPerNode = Math.fround(SLOT_COUNT / count);
  const ranges: SlotRange[] = [];
  let first = 0;
  let cursor = 0;
  for (let index = 0; index < count; index++) {
    let last = Math.round(Math.fround(Math.fround(cursor + slotsPerNode) - 1));
    if (last > SLOT_COUNT || index === count - 1) last = SLOT_COUNT - 1;
    if (last < first) last = first;
    ranges.push({ first, last });
    first = last + 1;
    cursor = Math.fround(cursor + slotsPerNode);
  }
  return ranges;
}

/** Slots for each master by its weight, ascending; none for a weight of 0. Equal weights get what redis-cli gives. */
export function divideByWeight(weights: readonly number[]): SlotRange[][] {
  const [first = 1] = weights;
  if (first > 0 && weights.every((weight) => weight === first)) {
    return divideSlots(weights.length).map((range) => [range]);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => {
    const from = Math.round((SLOT_COUNT * sum) / total);
    sum += weight;
    const to = Math.round((SLOT_COUNT * sum) / total);
    return to > from ? [{ first: from, last: to - 1 }] : [];
  });
}

/** Rotating by one often gives a better start where hosts repeat in the same order. */
function rotated<T>(items: readonly T[]): T[] {
  return [...items.slice(1), ...items.slice(0, 1)];
}

/** `perMaster` replicas for each master in turn, then what is left, one for each by turns. */
function assignReplicas<Node extends Placeable>(
  masters: readonly Node[],
  available: Node[],
  perMaster: number,
): ReplicaPlace<Node>[] {
  const places: ReplicaPlace<Node>[] = [];
  const assign = (master: Node): void => {
    const elsewhere = available.findIndex((node) => node.address.host !== master.address.host);
    const [node] = available.splice(Math.max(elsewhere, 0), 1);
    if (node !== undefined) places.push({ node, master });
  };
  for (const master of masters) for (let n = 0; n < perMaster; n++) assign(master);
  while (available.length > 0) for (const master of masters) assign(master);
  return places;
}

const withMasterPenalty = 10_000;

/** The lower the better: replicas on their master's host weigh heavily, several of one master on a host lightly. */
function penaltyOf(places: readonly ReplicaPlace<Placeable>[]): number {
  return offences(places).reduce((sum, { penalty }) => sum + penalty, 0);
}

/** Each host and master whose nodes should not be together, with a replica that could go elsewhere. */
function offences(
  places: readonly ReplicaPlace<Placeable>[],
): { readonly penalty: number; readonly replica: number }[] {
  const groups = new Map<string, { count: number; withMaster: boolean; replica: number }>();
  for (const [replica, { node, master }] of places.entries()) {
    const key = `${node.address.host} ${master.id}`;
    const group = groups.get(key);
    if (group !== undefined) group.count++;
    else groups.set(key, { count: 1, withMaster: node.address.host === master.address.host, replica });
  }
  return [...groups.values()]
    .filter(({ count, withMaster }) => withMaster || count > 1)
    .map(({ count, withMaster, replica }) => ({
      penalty: withMaster ? withMasterPenalty * count : count,
      replica,
    }));
}

/** Random swaps of two replicas' masters, kept when they do not make it worse; the best seen is returned. */
function improve<Node extends Placeable>(
  start: readonly ReplicaPlace<Node>[],
  random: Random,
): readonly ReplicaPlace<Node>[] {
  let best = start;
  let bestPenalty = penaltyOf(start);
  const hosts = new Set(start.flatMap(({ node, master }) => [node.address.host, master.address.host]));
  if (hosts.size < 2 || start.length < 2) return best;
  const current = [...start];
  for (let tries = 500 * start.length * 2; tries > 0 && bestPenalty > 0; tries--) {
    const offending = offences(current);
    const offender = offending[random.below(offending.length)];
    if (offender === undefined) break;
    const one = offender.replica;
    const other = (one + 1 + random.below(current.length - 1)) % current.length;
    const before = penaltyOf(current);
    swapMasters(current, one, other);
    const after = penaltyOf(current);
    if (after > before) swapMasters(current, one, other);
    else if (after < bestPenalty) {
      best = [...current];
      bestPenalty = after;
    }
  }
  return best;
}

function swapMasters<Node>(places: ReplicaPlace<Node>[], one: number, other: number): void {
  const [a, b] = [places[one], places[other]];
  if (a === undefined || b === undefined) return;
  places[one] = { node: a.node, master: b.master };
  places[other] = { node: b.node, master: a.master };
}

export function gradeOf(places: readonly ReplicaPlace<Placeable>[]): AntiAffinity {
  const penalty = penaltyOf(places);
  if (penalty === 0) return 'perfect';
  return penalty >= withMasterPenalty ? 'replica-with-master' : 'replicas-together';
}
