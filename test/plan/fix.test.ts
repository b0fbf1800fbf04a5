import { describe, expect, it } from 'vitest';
import type { SlotFacts } from '../../src/cluster/slot-facts.ts';
import type { TribError } from '../../src/core/errors.ts';
import { whyStale } from '../../src/plan/assess.ts';
import { type FixRequest, planFix } from '../../src/plan/fix.ts';
import { defaultMoveOptions, describeStep } from '../../src/plan/plan.ts';
import { parsePlan, serialisePlan } from '../../src/plan/plan-file.ts';
import {
  clusterOf,
  idOf,
  type Member,
  threeAndThree,
  threeMasters,
  topologyOf,
  viewOf,
} from '../helpers/views.ts';

const request: FixRequest = { searchOwners: false, withUnreachable: false, options: defaultMoveOptions };

/** Keys by slot: "5: 1x3 2x1" is three on node 1 and one on node 2. */
function factsOf(...lines: string[]): SlotFacts {
  return {
    keys: new Map(
      lines.map((line) => {
        const [slot = '', counts = ''] = line.split(': ');
        const held = counts.split(' ').map((count): [string, number] => {
          const [node, keys] = count.split('x').map(Number);
          return [idOf(node ?? 0), keys ?? 0];
        });
        return [Number(slot), new Map(held)];
      }),
    ),
  };
}

/** The three masters with other slots for some of them; the first answers first. */
function mastersWith(slots: Readonly<Record<number, string>>): Member[] {
  return threeMasters.map((member) => ({ ...member, slots: slots[member.number] ?? member.slots ?? '' }));
}

function words(members: readonly Member[], facts: SlotFacts, options: Partial<FixRequest> = {}): string[] {
  const plan = planFix(clusterOf(members), facts, { ...request, ...options });
  // Every plan survives its file, and fits the cluster that it was made for.
  expect(parsePlan(serialisePlan(plan))).toEqual(plan);
  expect(whyStale(plan, clusterOf(members))).toEqual([]);
  return plan.steps
    .map((step) => describeStep(step).replaceAll('127.0.0.1:700', 'N'))
    .filter((text) => !text.startsWith('wait'));
}

describe('the plan of a repair', () => {
  it('has no steps where nothing is wrong', () => {
    expect(planFix(clusterOf(threeMasters), factsOf(), request).steps).toEqual([]);
  });

  it('waits for nodes that have not heard yet, and moves keys one by one', () => {
    const views = threeAndThree.map(({ number }) =>
      viewOf(
        number,
        number === 6
          ? threeAndThree.map((member) => ({
              ...member,
              ...(member.number === 1 ? { slots: '1-5460' } : {}),
            }))
          : threeAndThree,
      ),
    );
    const plan = planFix(topologyOf(views), factsOf(), request);
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['wait-agreement']);
    expect(plan.options.engine).toBe('migrate');
  });

  it('finishes a half-moved slot forward', () => {
    const members = mastersWith({
      1: `0-5460 [5->-${idOf(2)}]`,
      2: `5461-10922 [5-<-${idOf(1)}]`,
    });
    for (const keys of [factsOf(), factsOf('5: 1x2'), factsOf('5: 1x2 2x1'), factsOf('5: 2x1')])
      expect(words(members, keys)).toEqual(['move slots 5 from N1 to N2']);
  });

  it('opens the other end where one has forgotten it, and closes what was not begun', () => {
    const migrating = mastersWith({ 1: `0-5460 [5->-${idOf(2)}]` });
    expect(words(migrating, factsOf('5: 1x1 2x1'))).toEqual([
      'open slots 5: migrating on N1, importing on N2',
      'move slots 5 from N1 to N2',
    ]);
    expect(words(migrating, factsOf('5: 1x1'))).toEqual([
      'close slots 5 on N1, which are migrating for nothing',
    ]);
    const importing = mastersWith({ 2: `5461-10922 [5-<-${idOf(1)}]` });
    expect(words(importing, factsOf('5: 1x1 2x1'))).toEqual([
      'open slots 5: migrating on N1, importing on N2',
      'move slots 5 from N1 to N2',
    ]);
    expect(words(importing, factsOf('5: 1x1'))).toEqual([
      'close slots 5 on N2, which are importing for nothing',
    ]);
  });

  it('goes on with the master that a named target has become a replica of', () => {
    const members: Member[] = [
      ...mastersWith({ 1: `0-5460 [5->-${idOf(4)}]` }),
      { number: 4, replicaOf: 2, epoch: 2 },
    ];
    expect(words(members, factsOf('5: 1x1 2x1'))).toEqual([
      'open slots 5: migrating on N1, importing on N2',
      'move slots 5 from N1 to N2',
    ]);
    const unknown = mastersWith({ 1: `0-5460 [5->-${idOf(9)}]` });
    expect(words(unknown, factsOf('5: 1x1'))).toEqual([
      'close slots 5 on N1, which are migrating for nothing',
    ]);
  });

  it('lets one of several importing nodes have the slot, and gathers the keys of the others there', () => {
    const members = mastersWith({
      2: `5461-10922 [5-<-${idOf(1)}]`,
      3: `10923-16383 [5-<-${idOf(1)}]`,
    });
    expect(words(members, factsOf('5: 1x1 2x1 3x7'))).toEqual([
      'open slots 5: migrating on N1, importing on N3',
      'move slots 5 from N1 to N3',
      'bring the keys of slots 5 that lie on N2 to their owner N3',
    ]);
  });

  it('gives slots that nobody has to who holds their keys, open at both ends where two do', () => {
    const members = mastersWith({ 1: '0-4 7-5460' });
    expect(words(members, factsOf('5: 2x1', '6: 1x1 3x4 2x2'))).toEqual([
      'give slots 5, which nobody has, to N2',
      'give slots 6, which nobody has, to N2, open towards N3',
      'let N1, N3 know that slots 5-6 belong to N2',
      'move slots 6 from N2 to N3',
      'bring the keys of slots 6 that lie on N1 to their owner N3',
    ]);
  });

  it('gives slots without keys to those with the fewest, in long runs', () => {
    const members = mastersWith({ 1: '', 2: '', 3: '' });
    expect(words(members, factsOf()).slice(0, 3)).toEqual([
      'give slots 0-5461, which nobody has, to N1',
      'give slots 5462-10922, which nobody has, to N2',
      'give slots 10923-16383, which nobody has, to N3',
    ]);
  });

  it('gives slots amid those of one master to it', () => {
    const members = mastersWith({ 1: '0-100 103-5460' });
    expect(words(members, factsOf())[0]).toBe('give slots 101-102, which nobody has, to N1');
  });

  it('gives a slot back to the one whom the others take for its owner', () => {
    const views = threeMasters.map(({ number }) =>
      viewOf(number, number === 2 ? mastersWith({ 2: '5461-10000 10002-10922' }) : threeMasters),
    );
    const plan = planFix(topologyOf(views), factsOf(), request);
    expect(plan.steps[0]).toMatchObject({ kind: 'take-slots', node: { id: idOf(2) } });
  });

  it('lets the claim of the highest epoch count, and keeps the keys of the others in reach', () => {
    const members = mastersWith({ 1: '0-5460', 2: '5 5461-10922' });
    expect(words(members, factsOf('5: 1x3'))).toEqual([
      'let N1 give up its claim to slots 5, which N2 has',
      'move slots 5 from N2 to N1',
    ]);
    expect(words(members, factsOf('5: 2x3'))).toEqual([
      'let N1 give up its claim to slots 5, which N2 has',
      'bring the keys of slots 5 that lie on N1 to their owner N2',
    ]);
  });

  it('gathers stray keys of slots that are in order only when asked to', () => {
    const strays = factsOf('5: 1x1 3x2', '6000: 2x9');
    expect(words(threeMasters, strays)).toEqual([]);
    expect(words(threeMasters, strays, { searchOwners: true })).toEqual([
      'bring the keys of slots 5 that lie on N3 to their owner N1',
    ]);
  });

  it('gathers the stray keys of a master before it gives its last slot, and would become a replica', () => {
    const members = mastersWith({
      1: `5 [5->-${idOf(2)}]`,
      2: `0-4 6-10922 [5-<-${idOf(1)}]`,
    });
    expect(words(members, factsOf('5: 1x1 2x1', '12000: 1x4'))).toEqual([
      'bring the keys of slots 12000 that lie on N1 to their owner N3',
    ]);
    expect(words(members, factsOf('5: 1x1 2x1'))).toEqual(['move slots 5 from N1 to N2']);
  });
});

describe('masters that cannot be reached', () => {
  const silent = (given: readonly Member[], number: number, link: Member['link'] = 'disconnected') => {
    const members = given.map((member) => (member.number === number ? { ...member, link } : member));
    const others = members.filter((member) => member.number !== number);
    return topologyOf(others.map((member) => viewOf(member.number, members)));
  };

  it('are a reason to refuse', () => {
    expect(() => planFix(silent(threeMasters, 3), factsOf(), request)).toThrowError(
      expect.objectContaining({
        code: 'unsafe',
        message:
          'Slots are not repaired while masters cannot be reached: 127.0.0.1:7003. They may hold the only copy of keys.',
      } satisfies Partial<TribError>),
    );
  });

  it('keep their slots while other nodes reach them', () => {
    expect(() =>
      planFix(silent(threeMasters, 3, 'connected'), factsOf(), { ...request, withUnreachable: true }),
    ).toThrowError(
      '127.0.0.1:7003 does not answer here, but 127.0.0.1:7001 has a link to it: it would lose its keys if its slots went to others.',
    );
  });

  it('give way to their replicas when that is asked for, and their slots to others where they have none', () => {
    const wanted = { ...request, withUnreachable: true };
    const promoted = planFix(silent(threeAndThree, 3), factsOf(), wanted);
    expect(promoted.steps.map(describeStep)[0]).toBe(
      'let 127.0.0.1:7006 take over from its master 127.0.0.1:7003 (takeover)',
    );
    for (const plan of [
      planFix(silent(threeMasters, 3), factsOf(), wanted),
      planFix(silent(threeAndThree, 3), factsOf(), { ...wanted, withoutReplicas: true }),
    ]) {
      const given = plan.steps.flatMap((step) => (step.kind === 'take-slots' ? step.slots : []));
      expect(given).toEqual([
        { first: 10923, last: 13653 },
        { first: 13654, last: 16383 },
      ]);
    }
  });
});
