import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Topology } from '../../src/cluster/topology.ts';
import type { SlotLoads } from '../../src/plan/pick-slots.ts';
import { defaultMoveOptions, describeStep, type MoveSlots, type RebalancePlan } from '../../src/plan/plan.ts';
import { planRebalance, type RebalanceRequest } from '../../src/plan/rebalance.ts';
import { SLOT_COUNT } from '../../src/protocol/slots/key-slot.ts';
import { formatRanges, rangesOf, SlotSet } from '../../src/protocol/slots/slot-set.ts';
import {
  clusterOf,
  idOf,
  type Member,
  threeAndThree,
  threeMasters,
  topologyOf,
  viewOf,
} from '../helpers/views.ts';

interface Wishes {
  readonly weights?: Readonly<Record<number, number>>;
  readonly threshold?: number;
  readonly useEmptyMasters?: boolean;
  readonly by?: RebalanceRequest['by'];
}

const request = ({
  weights = {},
  threshold = 2,
  useEmptyMasters = false,
  by = 'slots',
}: Wishes): RebalanceRequest => ({
  by,
  weights: new Map(Object.entries(weights).map(([number, weight]) => [idOf(Number(number)), weight])),
  thresholdPercent: threshold,
  useEmptyMasters,
  options: defaultMoveOptions,
});
const plan = (topology: Topology, wishes: Wishes = {}, loads?: SlotLoads): RebalancePlan =>
  planRebalance(topology, request(wishes), loads);
const words = (made: RebalancePlan): string[] => made.steps.map(describeStep);
const movesOf = (made: RebalancePlan): MoveSlots[] => made.steps.filter((step) => step.kind === 'move-slots');

/** Slots of each node before and after, by id. */
function carriedOut(
  topology: Topology,
  made: RebalancePlan,
): Map<string, { before: SlotSet; after: SlotSet }> {
  const sets = new Map(
    topology.nodes.map(({ id, slots }) => [
      id,
      { before: SlotSet.fromRanges(slots), after: SlotSet.fromRanges(slots) },
    ]),
  );
  for (const { source, target, slots } of movesOf(made)) {
    for (const slot of SlotSet.fromRanges(slots)) {
      // A slot is given by who has it, and taken by who has it not.
      const given = sets.get(source.id)?.after.delete(slot) === true;
      if (!given || sets.get(target.id)?.after.add(slot) !== true)
        throw new Error(`slot ${slot} moves twice`);
    }
  }
  return sets;
}

const rangeCount = (sets: Iterable<SlotSet>): number =>
  [...sets].reduce((sum, set) => sum + set.ranges().length, 0);

describe('the plan of a rebalance', () => {
  it('takes new masters in, each from one other, in one range', () => {
    const grown = clusterOf([...threeMasters, { number: 4 }, { number: 5 }, { number: 6 }]);
    expect(words(plan(grown, { useEmptyMasters: true }))).toEqual([
      'move slots 5461-8191 from 127.0.0.1:7002 to 127.0.0.1:7004',
      'move slots 0-2729 from 127.0.0.1:7001 to 127.0.0.1:7005',
      'move slots 10923-13652 from 127.0.0.1:7003 to 127.0.0.1:7006',
      'wait until all 6 nodes agree about slots',
    ]);
  });

  it('leaves empty masters out unless they are asked for', () => {
    expect(plan(clusterOf([...threeMasters, { number: 4 }])).steps).toEqual([]);
  });

  it('joins what moves to ranges of the target', () => {
    const topology = clusterOf([
      { number: 1, slots: '0-999 8192-16383' },
      { number: 2, slots: '1000-8191' },
    ]);
    expect(words(plan(topology))[0]).toBe('move slots 0-999 from 127.0.0.1:7001 to 127.0.0.1:7002');
  });

  it('goes by weights, and drains a master of weight 0', () => {
    const heavy = plan(clusterOf(threeMasters), { weights: { 1: 2 } });
    expect(heavy.shares.map(({ after }) => after)).toEqual([8192, 4096, 4096]);
    const drained = plan(clusterOf(threeMasters), { weights: { 3: 0 } });
    expect(drained.shares.map(({ after }) => after)).toEqual([8192, 8192, 0]);
  });

  it.each<[string, Wishes, string]>([
    ['all weights are 0', { weights: { 1: 0, 2: 0, 3: 0 } }, 'The weights come to 0'],
    ['a weight comes to less than a slot', { weights: { 1: 0.0001 } }, 'is so small beside the others'],
    ['a weight is for a replica', { weights: { 4: 2 } }, '*** No such master node'],
    ['a weight is for nobody', { weights: { 9: 2 } }, '*** No such master node'],
    ['a weight is negative', { weights: { 1: -1 } }, 'A weight is a number, 0 or more'],
  ])('is refused when %s', (_, wishes, message) => {
    expect(() => plan(clusterOf(threeAndThree), wishes)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });

  it('moves nothing within the threshold, and all that is over once it is passed', () => {
    const uneven = clusterOf([
      { number: 1, slots: '0-5560' },
      { number: 2, slots: '5561-10922' },
      { number: 3, slots: '10923-16383' },
    ]);
    expect(plan(uneven).steps).toEqual([]);
    expect(words(plan(uneven, { threshold: 1 }))[0]).toBe(
      'move slots 5462-5560 from 127.0.0.1:7001 to 127.0.0.1:7002',
    );
    expect(plan(clusterOf(threeMasters), { threshold: 0 }).steps).toEqual([]);
  });

  it('goes on with slots that a rebalance left open, and refuses others', () => {
    const open = (target: number, source = 1): Member[] => [
      { number: 1, slots: `0-8000${source === 1 ? ` [77->-${idOf(target)}]` : ''}` },
      { number: 2, slots: '8001-16383' },
      { number: 3, slots: target === 3 ? `[77-<-${idOf(1)}]` : '' },
    ];
    const [first] = movesOf(plan(clusterOf(open(3)), { useEmptyMasters: true }));
    const all = movesOf(plan(clusterOf(open(3)), { useEmptyMasters: true }));
    expect(first?.target.id).toBe(idOf(3));
    expect(all.some(({ source, slots }) => source.id === idOf(1) && SlotSet.fromRanges(slots).has(77))).toBe(
      true,
    );
    expect(() => plan(clusterOf(open(2)), { useEmptyMasters: true })).toThrow(
      expect.objectContaining({
        code: 'unsafe',
        message: '*** Please fix your cluster problems before rebalancing',
      }),
    );
  });

  it('is refused when a master does not know another, even one that need not move anything', () => {
    const four: Member[] = [
      { number: 1, slots: '0-5999' },
      { number: 2, slots: '6000-8191' },
      { number: 3, slots: '8192-12287' },
      { number: 4, slots: '12288-16383' },
    ];
    const views = four.map(({ number }) => viewOf(number, number === 3 ? four.slice(0, 3) : four));
    expect(() => plan(topologyOf(views))).toThrow(
      expect.objectContaining({
        code: 'unsafe',
        hint: expect.stringContaining('127.0.0.1:7004 is not known to 127.0.0.1:7003'),
      }),
    );
  });
});

/** All slots, cut at random places and dealt to `count` masters; some have none. */
const dealt = (count: number): fc.Arbitrary<Member[]> =>
  fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: SLOT_COUNT - 1 }), { maxLength: 24 }),
      fc.array(fc.integer({ min: 1, max: count }), { minLength: 25, maxLength: 25 }),
    )
    .map(([cuts, owners]) => {
      const bounds = [0, ...cuts.sort((a, b) => a - b), SLOT_COUNT];
      const sets = Array.from({ length: count }, () => new SlotSet());
      for (let index = 0; index + 1 < bounds.length; index++) {
        const owner = sets[(owners[index] ?? 1) - 1];
        for (let slot = bounds[index] ?? 0; slot < (bounds[index + 1] ?? 0); slot++) owner?.add(slot);
      }
      return sets.map((set, index) => ({ number: index + 1, slots: formatRanges(rangesOf(set)) }));
    });

const clusters = fc.integer({ min: 2, max: 8 }).chain((count) =>
  fc.record({
    members: dealt(count),
    weights: fc.array(fc.constantFrom(0, 1, 1, 1, 2, 3.5), { minLength: count, maxLength: count }),
    threshold: fc.constantFrom(0, 1, 2, 10),
    useEmptyMasters: fc.boolean(),
  }),
);

function expectSound(
  topology: Topology,
  made: RebalancePlan,
): Map<string, { before: SlotSet; after: SlotSet }> {
  const sets = carriedOut(topology, made);
  const moves = movesOf(made);
  const sources = new Set(moves.map(({ source }) => source.id));
  const targets = new Set(moves.map(({ target }) => target.id));
  expect([...sources].filter((id) => targets.has(id))).toEqual([]);
  const pairs = moves.map(({ source, target }) => `${source.id} ${target.id}`);
  expect(new Set(pairs).size).toBe(pairs.length);
  return sets;
}

describe('whatever the cluster', () => {
  const seed = 20_251_120;

  it('slots come to the shares, with as few moved as that takes, and few ranges', () => {
    fc.assert(
      fc.property(clusters, ({ members, weights, threshold, useEmptyMasters }) => {
        const given = Object.fromEntries(weights.map((weight, index) => [index + 1, weight]));
        const topology = clusterOf(members);
        const part = topology.nodes.filter(({ slotCount }) => useEmptyMasters || slotCount > 0);
        const weightOf = (id: string): number => weights[Number(id.slice(0, 4)) - 1] ?? 1;
        const total = part.reduce((sum, { id }) => sum + weightOf(id), 0);
        fc.pre(total > 0);
        const wishes = { weights: given, threshold, useEmptyMasters };
        const made = plan(topology, wishes);
        const sets = expectSound(topology, made);
        const moved = [...sets.values()].reduce((sum, { before, after }) => {
          return sum + [...after].filter((slot) => !before.has(slot)).length;
        }, 0);
        const exact = part.map(({ id }) => (SLOT_COUNT * weightOf(id)) / total);
        if (made.steps.length > 0) {
          for (const [index, { id }] of part.entries()) {
            expect(Math.abs((sets.get(id)?.after.size ?? 0) - (exact[index] ?? 0))).toBeLessThan(1);
          }
          // What is over the share, rounded up, has to go, and what is missing, rounded down, has to come.
          const over = part.reduce(
            (sum, node, i) => sum + Math.max(0, node.slotCount - Math.ceil(exact[i] ?? 0)),
            0,
          );
          const under = part.reduce(
            (sum, node, i) => sum + Math.max(0, Math.floor(exact[i] ?? 0) - node.slotCount),
            0,
          );
          expect(moved).toBe(Math.max(over, under));
          const before = rangeCount([...sets.values()].map((set) => set.before));
          const after = rangeCount([...sets.values()].map((set) => set.after));
          expect(after - before).toBeLessThanOrEqual(movesOf(made).length);
        }
        // Nothing is left to do for the same request.
        const settled = clusterOf(
          [...sets].map(([id, { after }]) => ({
            number: Number(id.slice(0, 4)),
            slots: formatRanges(after.ranges()),
          })),
        );
        expect(plan(settled, wishes).steps).toEqual([]);
      }),
      { seed, numRuns: 150 },
    );
  });

  it('keys come within the threshold wherever slots are light, and nobody gets farther from it where not', () => {
    const loads = fc.record({
      lightest: fc.integer({ min: 0, max: 3 }),
      step: fc.integer({ min: 1, max: 97 }),
      heavy: fc.uniqueArray(fc.integer({ min: 0, max: SLOT_COUNT - 1 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(clusters, loads, ({ members, weights, useEmptyMasters }, { lightest, step, heavy }) => {
        const keys = Array.from({ length: SLOT_COUNT }, (_, slot) => lightest + ((slot * step) % 7));
        for (const slot of heavy) keys[slot] = 20_000;
        const topology = clusterOf(members);
        const part = topology.nodes.filter(({ slotCount }) => useEmptyMasters || slotCount > 0);
        const weightOf = (id: string): number => weights[Number(id.slice(0, 4)) - 1] ?? 1;
        fc.pre(part.some(({ id }) => weightOf(id) > 0));
        const given = Object.fromEntries(weights.map((weight, index) => [index + 1, weight]));
        const made = plan(topology, { weights: given, useEmptyMasters, by: 'keys' }, keys);
        const sets = expectSound(topology, made);
        const drainsNobody = made.shares.every(({ weight }) => weight > 0);
        const all = made.shares.reduce((sum, { before }) => sum + before, 0);
        const total = made.shares.reduce((sum, { weight }) => sum + weight, 0);
        for (const { node, weight, before, after, isOff } of made.shares) {
          const own = [...(sets.get(node.id)?.after ?? [])];
          expect(own.reduce((sum, slot) => sum + (keys[slot] ?? 0), 0)).toBe(after);
          if (weight === 0) expect(own).toEqual([]);
          else if (heavy.length === 0) expect(isOff).toBe(false);
          else if (drainsNobody) {
            const share = (all * weight) / total;
            const bound = Math.max(Math.abs(before - share), (2 * share) / 98, 1);
            expect(Math.abs(after - share)).toBeLessThanOrEqual(bound + 1e-6);
          }
        }
      }),
      { seed, numRuns: 150 },
    );
  });

  it('no more keys move than it takes to be within the threshold', () => {
    const keys = new Array(SLOT_COUNT).fill(1);
    const topology = clusterOf([
      { number: 1, slots: '0-9999' },
      { number: 2, slots: '10000-16383' },
    ]);
    const made = plan(topology, { by: 'keys', threshold: 10 }, keys);
    // 8192 / 0.9 = 9102.2 is the most that one may have, 8192 / 1.1 = 7447.3 the least.
    expect(made.shares.map(({ after }) => after)).toEqual([8936, 7448]);
  });
});
