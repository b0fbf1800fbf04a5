import { describe, expect, it } from 'vitest';
import type { Topology } from '../../src/cluster/topology.ts';
import { seededRandom } from '../../src/core/random.ts';
import { whyStale } from '../../src/plan/assess.ts';
import { planCreate } from '../../src/plan/create.ts';
import { defaultMoveOptions } from '../../src/plan/plan.ts';
import { planReshard } from '../../src/plan/reshard.ts';
import {
  clusterOf,
  idOf,
  type Member,
  threeAndThree,
  threeMasters,
  topologyOf,
  viewOf,
} from '../helpers/views.ts';

const before = clusterOf(threeMasters);
const reshard = planReshard(before, {
  slots: 100,
  targetId: idOf(1),
  sourceIds: [idOf(2)],
  options: defaultMoveOptions,
});
const withSlots = (one: string, two: string, three = '10923-16383'): Topology =>
  clusterOf([
    { number: 1, slots: one },
    { number: 2, slots: two },
    { number: 3, slots: three },
  ]);

describe('a reshard that is applied again', () => {
  it.each<[string, Topology]>([
    ['nothing was done', before],
    ['half of it was done', withSlots('0-5460 5461-5500', '5501-10922')],
    [
      'it broke off in the middle of a slot',
      withSlots(`0-5460 [5461-<-${idOf(2)}]`, `5461-10922 [5461->-${idOf(1)}]`),
    ],
    ['all of it was done', withSlots('0-5560', '5561-10922')],
  ])('fits when %s', (_, now) => {
    expect(whyStale(reshard, now)).toEqual([]);
  });

  it('is stale when a slot went elsewhere', () => {
    expect(whyStale(reshard, withSlots('0-5460', '5462-10922', '5461 10923-16383'))).toEqual([
      'Slots 5461 belong to 127.0.0.1:7003 now.',
    ]);
  });

  it('is stale when an end has gone, or is no master any more', () => {
    const alone = topologyOf([viewOf(1, threeMasters), viewOf(3, threeMasters)]);
    expect(whyStale(reshard, alone)[0]).toContain('does not answer at 127.0.0.1:7002');
    const demoted = clusterOf([
      { number: 1, replicaOf: 3 },
      { number: 2, slots: '5461-10922' },
      { number: 3, slots: '0-5460 10923-16383' },
    ]);
    expect(whyStale(reshard, demoted)).toContain('127.0.0.1:7001 is not a master any more.');
  });

  it('is stale when something is wrong with the cluster', () => {
    expect(whyStale(reshard, withSlots('0-5000', '5461-10922'))[0]).toContain('460 slots have no master');
  });
});

describe('a creation that is applied again', () => {
  const fresh: Member[] = [1, 2, 3, 4, 5, 6].map((number) => ({ number, epoch: 0 }));
  const apart = topologyOf(fresh.map((member) => viewOf(member.number, [member])));
  const create = planCreate(apart, { replicas: 1, waitServing: false }, seededRandom(1));

  it('fits when nothing, a part, or all of it was done', () => {
    expect(whyStale(create, apart)).toEqual([]);
    const assigned = topologyOf(
      fresh.map(({ number }) => viewOf(number, [{ number, ...(number === 1 ? { slots: '0-5460' } : {}) }])),
    );
    expect(whyStale(create, assigned)).toEqual([]);
    const made = threeAndThree.map((member) =>
      member.replicaOf === undefined
        ? member
        : { ...member, replicaOf: member.number === 4 ? 3 : member.number - 4 },
    );
    expect(whyStale(create, clusterOf(made))).toEqual([]);
  });

  it('is stale when a node got slots, keys, company or another master', () => {
    const spoil = (number: number, change: Partial<Member>, company: readonly Member[] = []): Topology =>
      topologyOf(
        fresh.map((member) =>
          viewOf(member.number, member.number === number ? [{ ...member, ...change }, ...company] : [member]),
        ),
      );
    expect(whyStale(create, spoil(2, { slots: '0' }))[0]).toContain('Slots 0 belong to 127.0.0.1:7002 now');
    expect(whyStale(create, spoil(5, {}, [{ number: 9 }]))[0]).toContain(
      '127.0.0.1:7009 is known to the nodes now',
    );
    expect(whyStale(create, spoil(4, { replicaOf: 2 }))[0]).toContain('is a replica of another master now');
    const full = topologyOf(fresh.map((member) => viewOf(member.number, [member], { keyCount: 1 })));
    expect(whyStale(create, full).join()).toContain('127.0.0.1:7004 contains 1 keys now');
  });
});
