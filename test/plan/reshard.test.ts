import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Topology } from '../../src/cluster/topology.ts';
import { defaultMoveOptions, describeStep } from '../../src/plan/plan.ts';
import { planReshard, type ReshardRequest, slotsInPlan } from '../../src/plan/reshard.ts';
import { SlotSet } from '../../src/protocol/slots/slot-set.ts';
import {
  clusterOf,
  idOf,
  type Member,
  threeAndThree,
  threeMasters,
  topologyOf,
  viewOf,
} from '../helpers/views.ts';

const request = (
  target: number,
  slots: number,
  sources: readonly number[] | 'all' = 'all',
): ReshardRequest => ({
  slots,
  targetId: idOf(target),
  sourceIds: sources === 'all' ? 'all' : sources.map(idOf),
  options: defaultMoveOptions,
});
const steps = (topology: Topology, wanted: ReshardRequest) =>
  planReshard(topology, wanted).steps.map(describeStep);

describe('the plan of a reshard', () => {
  it('takes from each source in proportion, the one with most slots first, lowest slots first', () => {
    expect(steps(clusterOf(threeAndThree), request(1, 1000))).toEqual([
      'move slots 5461-5961 from 127.0.0.1:7002 to 127.0.0.1:7001',
      'move slots 10923-11421 from 127.0.0.1:7003 to 127.0.0.1:7001',
      'wait until all 6 nodes agree about slots',
    ]);
  });

  it('takes from the sources that were named, once each', () => {
    expect(steps(clusterOf(threeMasters), request(1, 10, [3, 3]))[0]).toBe(
      'move slots 10923-10932 from 127.0.0.1:7003 to 127.0.0.1:7001',
    );
  });

  it('takes all that there is when more is asked for', () => {
    expect(slotsInPlan(planReshard(clusterOf(threeMasters), request(1, 16384, [2])))).toBe(5462);
  });

  it.each<[string, ReshardRequest]>([
    ['a target that is a replica', request(4, 10)],
    ['a source that is a replica', request(1, 10, [4])],
    ['a target that is a source', request(1, 10, [1, 2])],
    ['no slots', request(1, 0)],
    ['more slots than there are', request(1, 16385)],
    ['a node that is not there', request(77, 1)],
    ['no source', request(1, 1, [])],
  ])('refuses %s', (_, wanted) => {
    expect(() => planReshard(clusterOf(threeAndThree), wanted)).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });

  it('refuses a cluster with problems, and names them', () => {
    const holes: Member[] = [{ number: 1, slots: '0-5000' }, ...threeMasters.slice(1)];
    expect(() => planReshard(clusterOf(holes), request(1, 10))).toThrow(
      expect.objectContaining({
        code: 'unsafe',
        message: '*** Please fix your cluster problems before resharding',
        hint: expect.stringContaining('460 slots have no master'),
      }),
    );
  });

  it('refuses slots that are open towards others, and goes on with those open between these ends', () => {
    const open = (slots: string): Topology =>
      clusterOf([{ number: 1, slots: '0-5460' }, { number: 2, slots }, ...threeMasters.slice(2)]);
    const foreign = open(`5461-10922 [9000->-${idOf(3)}]`);
    expect(() => planReshard(foreign, request(1, 10))).toThrow(expect.objectContaining({ code: 'unsafe' }));
    const ours = open(`5461-10922 [9000->-${idOf(1)}]`);
    expect(steps(ours, request(1, 3, [2]))[0]).toBe(
      'move slots 5461-5462,9000 from 127.0.0.1:7002 to 127.0.0.1:7001',
    );
    // What is open is finished, even when fewer slots are asked for than that.
    const several = open(`5461-10922 [9000->-${idOf(1)}] [9001->-${idOf(1)}]`);
    expect(steps(several, request(1, 1, [2]))[0]).toContain('9000-9001');
  });

  it('does without replicas and empty masters that are away', () => {
    const members: Member[] = [
      ...threeAndThree.slice(0, 5),
      { number: 6, replicaOf: 3, epoch: 3, flags: 'fail' },
    ];
    const views = members.filter(({ number }) => number !== 6).map(({ number }) => viewOf(number, members));
    const topology = topologyOf(views, [{ address: { host: '127.0.0.1', port: 7006 }, reason: 'away' }]);
    expect(steps(topology, request(1, 10)).at(-1)).toBe('wait until all 5 nodes agree about slots');
  });

  it('moves only slots of the sources, each once, never more than asked for', () => {
    const cluster = fc
      .array(fc.integer({ min: 0, max: 16383 }), { minLength: 2, maxLength: 9 })
      .map((cuts) => [...new Set([0, ...cuts])].sort((a, b) => a - b))
      .filter((cuts) => cuts.length > 2)
      .map((cuts) =>
        cuts.map((first, index) => ({
          number: index + 1,
          slots: `${first}-${(cuts[index + 1] ?? 16384) - 1}`,
        })),
      );
    fc.assert(
      fc.property(cluster, fc.integer({ min: 1, max: 16384 }), (members, slots) => {
        const topology = clusterOf(members);
        let plan: ReturnType<typeof planReshard>;
        try {
          plan = planReshard(topology, request(1, slots));
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
          return;
        }
        const seen = new SlotSet();
        for (const step of plan.steps) {
          if (step.kind !== 'move-slots') continue;
          const owned = SlotSet.fromRanges(
            topology.nodes.find(({ id }) => id === step.source.id)?.slots ?? [],
          );
          for (const slot of SlotSet.fromRanges(step.slots)) {
            expect(owned.has(slot)).toBe(true);
            expect(seen.add(slot)).toBe(true);
          }
        }
        expect(seen.size).toBeLessThanOrEqual(slots);
        expect(seen.size).toBe(slotsInPlan(plan));
      }),
      { numRuns: 60 },
    );
  });
});
