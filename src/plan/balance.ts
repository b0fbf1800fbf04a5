/**
 * Owns the balance of masters by weight: what each should have, who gives how much to whom, and which slots these are.
 * Pure. By slots it is redis-cli's: every master comes to its share, rounded, in single precision. By keys or memory no
 * more moves than it takes to be within the threshold. No master both gives and takes.
 * Source: redis-cli.c clusterManagerCommandRebalance.
 */
import type { ClusterNode } from '../cluster/topology.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { SlotSet } from '../protocol/slots/slot-set.ts';
import { loadOf, pickSlots, type SlotLoads, tolerance } from './pick-slots.ts';
import type { Transfer } from './steps/move-slots.ts';

export interface Weighted {
  readonly node: ClusterNode;
  /** 0: it is to have nothing. */
  readonly weight: number;
}

/** What one master has and comes to, in slots, keys or bytes. */
export interface Share {
  readonly node: ClusterNode;
  readonly weight: number;
  readonly before: number;
  readonly after: number;
  /** After all, it is farther from its share than the threshold: a slot cannot be divided. */
  readonly isOff: boolean;
}

export interface Balance {
  /** In redis-cli's order: whoever lacks most takes from whoever has most over. Empty when nothing is needed. */
  readonly transfers: readonly Transfer[];
  readonly shares: readonly Share[];
}

/** A master while slots are being handed out. */
interface Holder extends Weighted {
  readonly own: SlotSet;
  /** Its share, by which the threshold goes; `exact` before rounding. */
  readonly expected: number;
  readonly exact: number;
  readonly before: number;
  load: number;
  /** How much is still to be given (positive) or taken (negative). */
  due: number;
  /** Fixed by what is due at first: nobody does both. */
  role: 'gives' | 'takes' | 'rests';
}

const allEqual: SlotLoads = new Uint8Array(SLOT_COUNT).fill(1);

/**
 * `loads`: keys or bytes in each slot; undefined: slots are counted. Slots that are open between a master that gives
 * and one that takes go first.
 */
export function balance(
  weighted: readonly Weighted[],
  thresholdPercent: number,
  loads: SlotLoads | undefined,
): Balance {
  // Where nothing is, only slots can be shared out.
  const byLoad = loads !== undefined && Array.from(loads).some((load) => load > 0) ? loads : undefined;
  const holders = byLoad === undefined ? holdersBySlots(weighted) : holdersByLoad(weighted, byLoad);
  const drains = holders.some(({ weight, own }) => weight === 0 && own.size > 0);
  const isNeeded =
    loads !== undefined && byLoad === undefined
      ? drains
      : holders.some((holder) => isOver(holder, thresholdPercent));
  const transfers = !isNeeded
    ? []
    : byLoad === undefined
      ? transferSlots(holders)
      : transferLoad(holders, byLoad, thresholdPercent);
  const shares = holders.map((holder) => ({
    node: holder.node,
    weight: holder.weight,
    before: holder.before,
    after: holder.load,
    isOff: isOver(holder, thresholdPercent),
  }));
  return { transfers, shares };
}

/** The slots that each weight comes to, rounded down; what is left over is given out one by one. */
function holdersBySlots(weighted: readonly Weighted[]): Holder[] {
  const total = weighted.reduce((sum, { weight }) => Math.fround(sum + Math.fround(weight)), 0);
  const all = weighted.reduce((sum, { node }) => sum + node.slotCount, 0);
  const each = Math.fround(all / total);
  const holders = weighted.map(({ node, weight }): Holder => {
    const exact = Math.fround(each * Math.fround(weight));
    const expected = Math.trunc(exact);
    const own = SlotSet.fromRanges(node.slots);
    const [before, load, due] = [own.size, own.size, own.size - expected];
    return { node, weight, own, expected, exact, before, load, due, role: 'rests' };
  });
  let over = holders.reduce((sum, { due }) => sum + due, 0);
  // Who has more anyway keeps what is left over: so the fewest slots move.
  const byNeed = holders.filter(({ weight }) => weight > 0).sort((a, b) => b.due - a.due);
  while (over > 0 && byNeed.length > 0) {
    for (const holder of byNeed.slice(0, over)) {
      holder.due--;
      over--;
    }
  }
  // Single precision may also have come to a slot too much.
  while (over < 0 && byNeed.length > 0) {
    for (const holder of byNeed.slice(over)) {
      holder.due++;
      over++;
    }
  }
  assignRoles(holders);
  return holders;
}

function holdersByLoad(weighted: readonly Weighted[], loads: SlotLoads): Holder[] {
  const holders = weighted.map(({ node, weight }) => {
    const own = SlotSet.fromRanges(node.slots);
    let load = 0;
    for (const slot of own) load += loadOf(loads, slot);
    return { node, weight, own, load };
  });
  const all = holders.reduce((sum, { load }) => sum + load, 0);
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  const complete = holders.map((holder): Holder => {
    const expected = (all * holder.weight) / total;
    const due = holder.load - expected;
    return { ...holder, before: holder.load, expected, exact: expected, due, role: 'rests' };
  });
  assignRoles(complete);
  return complete;
}

function assignRoles(holders: readonly Holder[]): void {
  for (const holder of holders) {
    if (holder.weight === 0) holder.role = 'gives';
    else if (Math.abs(holder.due) > tolerance) holder.role = holder.due > 0 ? 'gives' : 'takes';
  }
}

/** Whether it is farther from its share than the threshold, and than rounding explains. */
function isOver({ load, expected, exact, weight, own }: Holder, thresholdPercent: number): boolean {
  if (weight === 0) return own.size > 0;
  if (Math.abs(load - exact) < 1) return false;
  return load === 0 || Math.abs(100 - (100 * expected) / load) > thresholdPercent;
}

function transferSlots(holders: readonly Holder[]): Transfer[] {
  const transfers = new Transfers(allEqual);
  moveOpenSlots(holders, transfers);
  const lacking = takers(holders);
  for (const source of givers(holders)) {
    for (const target of lacking) {
      const most = Math.min(source.due, -target.due);
      if (most > 0)
        transfers.move(source, target, pickSlots(source.own, target.own, allEqual, { load: most, most }));
    }
  }
  return transfers.all();
}

/** Drains those of weight 0, then moves as little as brings all within the threshold, as far as slots allow. */
function transferLoad(holders: readonly Holder[], loads: SlotLoads, thresholdPercent: number): Transfer[] {
  const transfers = new Transfers(loads);
  const share = thresholdPercent / 100;
  const bounds = (holder: Holder): { low: number; high: number } => ({
    low: Math.min(holder.expected / (1 + share), holder.expected - 1 + tolerance),
    high:
      share >= 1
        ? Number.POSITIVE_INFINITY
        : Math.max(holder.expected / (1 - share), holder.expected + 1 - tolerance),
  });
  const settle = (): void => {
    for (const holder of holders) holder.due = holder.weight === 0 ? 0 : holder.load - holder.expected;
  };
  moveOpenSlots(holders, transfers);
  for (const holder of holders) if (holder.weight === 0) drain(holder, holders, transfers, loads);
  // Within the threshold at first, then, where heavy slots stood in the way, as near to the share as it gets.
  for (const far of [true, false]) {
    settle();
    if (far) limitToNeed(holders, bounds);
    const lacking = takers(holders);
    for (const source of givers(holders)) {
      for (const target of lacking) {
        if (!far && !isOver(source, thresholdPercent) && !isOver(target, thresholdPercent)) continue;
        const load = Math.min(source.due, -target.due);
        const most = Math.min(source.load - bounds(source).low, bounds(target).high - target.load);
        if (load <= tolerance || most <= 0) continue;
        transfers.move(
          source,
          target,
          pickSlots(source.own, target.own, loads, { load, most: Math.max(load, most) }),
        );
      }
    }
  }
  return transfers.all();
}

/** Cuts what is due down to what brings everybody within the bounds. */
function limitToNeed(
  holders: readonly Holder[],
  bounds: (holder: Holder) => { readonly low: number; readonly high: number },
): void {
  const need = (holder: Holder): number =>
    holder.due > 0
      ? Math.max(0, holder.load - bounds(holder).high)
      : Math.max(0, bounds(holder).low - holder.load);
  const [give, take] = [givers(holders), takers(holders)];
  const sum = (group: readonly Holder[]): number => group.reduce((total, holder) => total + need(holder), 0);
  const wanted = Math.max(sum(give), sum(take));
  for (const group of [give, take]) {
    let rest = wanted - sum(group);
    for (const holder of group) {
      const must = need(holder);
      const more = Math.min(rest, Math.abs(holder.due) - must);
      rest -= more;
      holder.due = Math.sign(holder.due) * (must + more);
    }
  }
}

/** Gives all slots of a master away: runs of them, each as long as the next taker has room. */
function drain(source: Holder, holders: readonly Holder[], transfers: Transfers, loads: SlotLoads): void {
  const lacking = holders.filter(({ role }) => role === 'takes');
  const others = lacking.length > 0 ? lacking : holders.filter(({ weight }) => weight > 0);
  const roomiest = (): Holder | undefined =>
    others.reduce<Holder | undefined>(
      (best, holder) => (best === undefined || holder.due < best.due ? holder : best),
      undefined,
    );
  let target = roomiest();
  let run: number[] = [];
  let sum = 0;
  for (const slot of source.own) {
    const load = loadOf(loads, slot);
    if (target !== undefined && run.length > 0 && load > 0 && sum + load / 2 > -target.due) {
      transfers.move(source, target, run);
      target = roomiest();
      [run, sum] = [[], 0];
    }
    run.push(slot);
    sum += load;
  }
  if (target !== undefined && run.length > 0) transfers.move(source, target, run);
}

/** The rests of moves that were cut short go on, where they lead from a master that gives to one that takes. */
function moveOpenSlots(holders: readonly Holder[], transfers: Transfers): void {
  for (const source of holders.filter(({ role }) => role === 'gives')) {
    for (const target of holders.filter(({ role }) => role === 'takes')) {
      const open = new SlotSet([
        ...source.node.migrating.filter(({ nodeId }) => nodeId === target.node.id).map(({ slot }) => slot),
        ...target.node.importing.filter(({ nodeId }) => nodeId === source.node.id).map(({ slot }) => slot),
      ]);
      for (const slot of open) {
        const isDue = (source.due > 0 || source.weight === 0) && target.due < 0;
        if (isDue && source.own.has(slot)) transfers.move(source, target, [slot]);
      }
    }
  }
}

/** Most over first. */
function givers(holders: readonly Holder[]): Holder[] {
  return holders.filter(({ due, role }) => role === 'gives' && due > 0).sort((a, b) => b.due - a.due);
}

/** Most lacking first. */
function takers(holders: readonly Holder[]): Holder[] {
  return holders.filter(({ due, role }) => role === 'takes' && due < 0).sort((a, b) => a.due - b.due);
}

/** What was decided so far, by pairs in the order in which they came up. */
class Transfers {
  readonly #loads: SlotLoads;
  readonly #pairs = new Map<
    string,
    { readonly source: Holder; readonly target: Holder; readonly slots: number[] }
  >();

  constructor(loads: SlotLoads) {
    this.#loads = loads;
  }

  move(source: Holder, target: Holder, slots: readonly number[]): void {
    if (slots.length === 0) return;
    const key = `${source.node.id} ${target.node.id}`;
    const pair = this.#pairs.get(key) ?? { source, target, slots: [] };
    this.#pairs.set(key, pair);
    for (const slot of slots) {
      source.own.delete(slot);
      target.own.add(slot);
      pair.slots.push(slot);
      const load = loadOf(this.#loads, slot);
      source.load -= load;
      target.load += load;
      source.due -= load;
      target.due += load;
    }
  }

  all(): Transfer[] {
    return [...this.#pairs.values()].map(({ source, target, slots }) => ({
      source: source.node,
      target: target.node,
      slots: slots.sort((a, b) => a - b),
    }));
  }
}
