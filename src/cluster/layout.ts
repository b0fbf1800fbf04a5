/**
 * Owns a cluster as somebody wants it to be: nodes, which of them are masters and with what weight, whose replicas the
 * others are, and in which zones they stand. What is left open is decided here: who of the nodes that may be either
 * become masters, and which master a replica gets, off its host and zone where that can be, and as it is now where
 * nothing speaks against it. Pure.
 */
import { TribError } from '../core/errors.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';

export interface LayoutNode {
  readonly address: Address;
  readonly zone: string | undefined;
  /** Undefined: either. */
  readonly role: 'master' | 'replica' | undefined;
  /** Of a replica; undefined: any master. */
  readonly replicaOf: Address | undefined;
  /** Of a master: how many slots beside the others. */
  readonly weight: number;
}

export interface Layout {
  /** How many masters; undefined: by `replicas`, or all nodes that are not said to be replicas. */
  readonly masters: number | undefined;
  /** Replicas for each master at least. */
  readonly replicas: number | undefined;
  readonly nodes: readonly LayoutNode[];
}

/** What a node is in a cluster that is there already. */
export interface Present {
  readonly role: 'master' | 'replica';
  readonly hasSlots: boolean;
  /** Of a replica, where it is a node of the layout. */
  readonly master: LayoutNode | undefined;
}

export interface LaidOut {
  readonly masters: readonly LayoutNode[];
  readonly replicas: readonly { readonly node: LayoutNode; readonly master: LayoutNode }[];
}

export type PresentOf = (node: LayoutNode) => Present | undefined;

/** Throws a TribError ("usage") when the numbers do not come out. */
export function layOut(layout: Layout, presentOf: PresentOf): LaidOut {
  const count = countMasters(layout);
  const fixed = layout.nodes.filter((node) => isFixedMaster(layout, node));
  const free = layout.nodes.filter((node) => isFree(layout, node));
  const chosen = chooseMasters(free, count - fixed.length, fixed, presentOf);
  const masters = layout.nodes.filter((node) => fixed.includes(node) || chosen.includes(node));
  const places = layout.nodes
    .filter((node) => !masters.includes(node))
    .map((node) => ({ node, master: masters.find((master) => isAt(master, node.replicaOf)) }));
  const replicas = placeReplicas(masters, places, presentOf);
  refuseTooFewFor(masters, replicas, layout.replicas ?? 0);
  return { masters, replicas };
}

export function isAt({ address }: LayoutNode, other: Address | undefined): boolean {
  return other !== undefined && address.host === other.host && address.port === other.port;
}

/** Where replicas are bound to masters, others may go short. Throws a TribError ("usage"). */
function refuseTooFewFor(
  masters: readonly LayoutNode[],
  replicas: LaidOut['replicas'],
  wanted: number,
): void {
  for (const master of masters) {
    const count = replicas.filter((place) => place.master === master).length;
    if (count >= wanted) continue;
    throw new TribError(
      'usage',
      `${formatAddress(master.address)} would have ${count} replica${count === 1 ? '' : 's'}, and ${wanted} for each master is asked for.`,
    );
  }
}

/** Who has a replica is a master, whether that is said or not. */
function isFixedMaster(layout: Layout, node: LayoutNode): boolean {
  return node.role === 'master' || layout.nodes.some(({ replicaOf }) => isAt(node, replicaOf));
}

function isFree(layout: Layout, node: LayoutNode): boolean {
  return node.role === undefined && !isFixedMaster(layout, node);
}

/** How many masters there are to be. Throws a TribError ("usage") when that cannot be. */
export function countMasters(layout: Layout): number {
  const { masters, replicas, nodes } = layout;
  const fixed = nodes.filter((node) => isFixedMaster(layout, node)).length;
  const most = fixed + nodes.filter((node) => isFree(layout, node)).length;
  const count =
    masters ?? (replicas === undefined ? most : Math.max(fixed, Math.floor(nodes.length / (replicas + 1))));
  const wanted = `${count} master${count === 1 ? '' : 's'}`;
  if (count < 1) throw new TribError('usage', 'No node is left to be a master.');
  if (count < fixed)
    throw new TribError('usage', `${wanted} are asked for, and ${fixed} nodes are said to be masters.`);
  if (count > most)
    throw new TribError('usage', `${wanted} are asked for, and only ${most} of the nodes can be masters.`);
  const needed = count * ((replicas ?? 0) + 1);
  if (nodes.length < needed) {
    throw new TribError(
      'usage',
      `${wanted} with ${replicas} replica${replicas === 1 ? '' : 's'} each take ${needed} nodes, and there are ${nodes.length}.`,
    );
  }
  return count;
}

/** Who serves slots stays a master; else zones and hosts come by turns. */
function chooseMasters(
  free: readonly LayoutNode[],
  count: number,
  fixed: readonly LayoutNode[],
  presentOf: PresentOf,
): LayoutNode[] {
  const chosen: LayoutNode[] = [];
  while (chosen.length < count) {
    const best = cheapest(
      free.filter((node) => !chosen.includes(node)),
      (node) => {
        const present = presentOf(node);
        const rank = present?.hasSlots === true ? 0 : present?.role === 'replica' ? 2 : 1;
        return rank * 1e6 + crowding(node, [...fixed, ...chosen]);
      },
    );
    if (best === undefined) break;
    chosen.push(best);
  }
  return chosen;
}

/** Higher for a node with more of the others in its zone, or on its host. */
function crowding(node: LayoutNode, others: readonly LayoutNode[]): number {
  return others.reduce(
    (sum, other) => sum + (sharesZone(node, other) ? 100 : 0) + (sharesHost(node, other) ? 10 : 0),
    0,
  );
}

export function sharesZone(a: LayoutNode, b: LayoutNode): boolean {
  return a.zone !== undefined && a.zone === b.zone;
}

export function sharesHost(a: LayoutNode, b: LayoutNode): boolean {
  return a.address.host === b.address.host;
}

interface Place {
  readonly node: LayoutNode;
  /** Undefined while it is not decided. */
  master: LayoutNode | undefined;
}

/** Those whose master is given already keep it; the others are spread evenly, then exchanged while that is better. */
function placeReplicas(
  masters: readonly LayoutNode[],
  given: readonly Place[],
  presentOf: PresentOf,
): { node: LayoutNode; master: LayoutNode }[] {
  const open = given.filter(({ master }) => master === undefined);
  const most = Math.ceil(given.length / masters.length);
  const countOf = (master: LayoutNode): number => given.filter((place) => place.master === master).length;
  const cost = (node: LayoutNode, master: LayoutNode): number => {
    const siblings = given.filter((place) => place.master === master && place.node !== node);
    const away = presentOf(node)?.master === master ? 0 : 1;
    const together = (sharesZone(node, master) ? 1e6 : 0) + (sharesHost(node, master) ? 1e5 : 0);
    return (
      together +
      2 *
        crowding(
          node,
          siblings.map((place) => place.node),
        ) +
      away
    );
  };
  for (const place of open) {
    const present = presentOf(place.node)?.master;
    if (present !== undefined && masters.includes(present) && countOf(present) < most) place.master = present;
  }
  for (const place of open) {
    if (place.master !== undefined) continue;
    const fewest = Math.min(...masters.map(countOf));
    const able = masters.filter((master) => countOf(master) === fewest);
    place.master = cheapest(able, (master) => cost(place.node, master));
  }
  level(masters, open, countOf, cost);
  exchange(open, cost);
  return given.flatMap(({ node, master }) => (master === undefined ? [] : [{ node, master }]));
}

type Cost = (node: LayoutNode, master: LayoutNode) => number;

/** Until no master has two replicas more than another, as far as they may be moved. */
function level(
  masters: readonly LayoutNode[],
  open: readonly Place[],
  countOf: (master: LayoutNode) => number,
  cost: Cost,
): void {
  for (;;) {
    const poorest = cheapest(masters, countOf);
    const movable = open.filter(
      ({ master }) => master !== undefined && poorest !== undefined && countOf(master) > countOf(poorest) + 1,
    );
    if (poorest === undefined || movable.length === 0) return;
    const best = cheapest(
      movable,
      (place) => cost(place.node, poorest) - 1e9 * countOf(place.master ?? poorest),
    );
    if (best !== undefined) best.master = poorest;
  }
}

/** Two replicas change masters where both together are better off, until none are. */
function exchange(open: readonly Place[], cost: Cost): void {
  const costOf = (place: Place): number => (place.master === undefined ? 0 : cost(place.node, place.master));
  for (let improved = true; improved; ) {
    improved = false;
    for (const one of open) {
      for (const other of open) {
        if (one.master === other.master) continue;
        const before = costOf(one) + costOf(other);
        [one.master, other.master] = [other.master, one.master];
        if (costOf(one) + costOf(other) < before) improved = true;
        else [one.master, other.master] = [other.master, one.master];
      }
    }
  }
}

/** The first of the cheapest; undefined where there is none. */
function cheapest<T>(items: readonly T[], costOf: (item: T) => number): T | undefined {
  let best: { readonly item: T; readonly cost: number } | undefined;
  for (const item of items) {
    const cost = costOf(item);
    if (best === undefined || cost < best.cost) best = { item, cost };
  }
  return best?.item;
}

/** Replicas that stand where their master does, though nothing better can be had or was said: a sentence each. */
export function standTogether({ replicas }: LaidOut): string[] {
  return replicas.flatMap(({ node, master }) => {
    const names = [formatAddress(node.address), formatAddress(master.address)];
    if (sharesZone(node, master))
      return [`${names[0]} is in the zone of its master ${names[1]}, ${node.zone}.`];
    if (sharesHost(node, master)) return [`${names[0]} is on the host of its master ${names[1]}.`];
    return [];
  });
}
