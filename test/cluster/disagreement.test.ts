import { describe, expect, it } from 'vitest';
import { isSpreading } from '../../src/cluster/disagreement.ts';
import { clusterOf, idOf, type Member, threeAndThree, topologyOf, viewOf } from '../helpers/views.ts';

const others = threeAndThree.filter(({ number }) => number !== 1 && number !== 4);

/** The replica 4 has taken over from 1, and only it knows; 1 says `ofFormer` of itself. */
function duringFailover(ofFormer: string, epoch: number) {
  const before: Member[] = [
    { number: 1, slots: ofFormer, epoch: 1 },
    ...others,
    { number: 4, replicaOf: 1, epoch: 1 },
  ];
  const after: Member[] = [{ number: 1, epoch: 1 }, ...others, { number: 4, slots: '0-5460', epoch }];
  return topologyOf([
    ...[1, 2, 3, 5, 6].map((number) => viewOf(number, before)),
    ...[4].map((number) => viewOf(number, after)),
  ]);
}

describe('views that differ', () => {
  it('are at one by themselves where each slot has one master', () => {
    const moved: Member[] = [
      { number: 1, slots: '0-5459' },
      { number: 2, slots: '5460-10922', epoch: 9 },
      { number: 3, slots: '10923-16383' },
    ];
    const before: Member[] = [
      { number: 1, slots: '0-5459' },
      { number: 2, slots: '5461-10922' },
      { number: 3, slots: '10923-16383' },
    ];
    expect(isSpreading(topologyOf([viewOf(1, moved), viewOf(2, moved), viewOf(3, before)]))).toBe(true);
  });

  it('are at one by themselves where the greater epoch wins, as after a failover', () => {
    expect(isSpreading(duringFailover('0-5460', 7))).toBe(true);
  });

  it('stay as they are where two masters claim a slot under one epoch', () => {
    expect(isSpreading(duringFailover('0-5460', 1))).toBe(false);
  });

  it('stay as they are where who has the lower epoch imports the slot', () => {
    expect(isSpreading(duringFailover(`0-5460 [100-<-${idOf(2)}]`, 7))).toBe(false);
  });

  it('are none where all agree', () => {
    expect(isSpreading(clusterOf(threeAndThree))).toBe(false);
  });
});
