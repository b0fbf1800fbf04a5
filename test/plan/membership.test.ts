import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeViews } from '../../src/cluster/merge.ts';
import { type Topology, viewsOf } from '../../src/cluster/topology.ts';
import { planAddNode } from '../../src/plan/add-node.ts';
import { whyStale } from '../../src/plan/assess.ts';
import { planDelNode } from '../../src/plan/del-node.ts';
import { planDrain } from '../../src/plan/drain.ts';
import { planFailover } from '../../src/plan/failover.ts';
import { defaultMoveOptions, describeStep, type Plan } from '../../src/plan/plan.ts';
import { parsePlan, serialisePlan } from '../../src/plan/plan-file.ts';
import { planReplaceNode } from '../../src/plan/replace-node.ts';
import { planSetTimeout } from '../../src/plan/set-timeout.ts';
import { filledUp } from '../../src/plan/share-out.ts';
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

const options = defaultMoveOptions;
const newcomer = (member: Member = { number: 9, epoch: 0 }, keyCount = 0, libraries = 0) => {
  const { nodes } = topologyOf([viewOf(member.number, [member], { keyCount })]);
  const [node] = nodes;
  if (node === undefined) throw new Error('no node');
  return { node, libraries };
};
const inWords = (plan: Plan): string[] =>
  plan.steps.map((step) => describeStep(step).replaceAll('127.0.0.1:', ''));
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'no error';
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : String(error);
  }
};
/** The cluster with a node beside it that nobody knows, as a plan is looked at that is applied again. */
const beside = (topology: Topology, member: Member, options = {}): Topology =>
  mergeViews(topology.seed, [...viewsOf(topology), viewOf(member.number, [member], options)]);

describe('filling up', () => {
  it('gives all away, and nobody gets any who has more than the level', () => {
    const counts = fc.array(fc.nat(5000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(counts, fc.nat(16_384), (before, amount) => {
        const given = filledUp(before, amount);
        const after = before.map((count, index) => count + (given[index] ?? 0));
        expect(given.reduce((sum, count) => sum + count, 0)).toBe(amount);
        expect(Math.min(...given)).toBeGreaterThanOrEqual(0);
        const level = Math.max(...after.filter((_, index) => (given[index] ?? 0) > 0), 0);
        for (const [index, count] of after.entries())
          expect(given[index] === 0 ? before[index] : count).toBeGreaterThanOrEqual(level - 1);
      }),
    );
  });
});

describe('the plan of a drain', () => {
  it('gives every slot to the other masters, those with the fewest first', () => {
    const plan = planDrain(clusterOf(threeMasters), { nodeId: idOf(1), options });
    const moved = plan.steps.flatMap((step) =>
      step.kind === 'move-slots' ? [...SlotSet.fromRanges(step.slots)] : [],
    );
    expect(moved).toHaveLength(5461);
    expect(new Set(moved).size).toBe(5461);
    expect(inWords(plan).at(-1)).toBe('wait until all 3 nodes agree about slots and replicas');
    const uneven = clusterOf([
      { number: 1, slots: '0-99' },
      { number: 2, slots: '100-199' },
      { number: 3, slots: '200-16383' },
    ]);
    expect(inWords(planDrain(uneven, { nodeId: idOf(1), options }))).toContain(
      'move slots 0-99 from 7001 to 7002',
    );
  });

  it('leaves empty masters empty, unless there is nobody else', () => {
    const withEmpty = clusterOf([...threeMasters, { number: 4 }]);
    expect(inWords(planDrain(withEmpty, { nodeId: idOf(1), options })).join()).not.toContain('to 7004');
    const two = clusterOf([{ number: 1, slots: '0-16383' }, { number: 4 }]);
    expect(inWords(planDrain(two, { nodeId: idOf(1), options }))[0]).toBe(
      'move slots 0-16383 from 7001 to 7004',
    );
    expect(
      codeOf(() => planDrain(clusterOf([{ number: 1, slots: '0-16383' }]), { nodeId: idOf(1), options })),
    ).toMatch(/^unsafe: There is no other master/);
  });

  it('finishes a move that was begun where it was begun', () => {
    const open = clusterOf([
      { number: 1, slots: `0-5460 [7->-${idOf(3)}]` },
      { number: 2, slots: '5461-10922' },
      { number: 3, slots: `10923-16383 [7-<-${idOf(1)}]` },
    ]);
    const plan = planDrain(open, { nodeId: idOf(1), options });
    const toThird = plan.steps.find((step) => step.kind === 'move-slots' && step.target.id === idOf(3));
    expect(toThird?.kind === 'move-slots' && SlotSet.fromRanges(toThird.slots).has(7)).toBe(true);
  });

  it('keeps the node a master where it would follow its last slot', () => {
    const settings = new Map([['cluster-allow-replica-migration', 'yes']]);
    const asked = clusterOf(threeMasters, { settings });
    const kinds = planDrain(asked, { nodeId: idOf(1), options }).steps.map(({ kind }) => kind);
    expect(kinds).toEqual([
      'replica-migration',
      'move-slots',
      'move-slots',
      'replica-migration',
      'wait-agreement',
    ]);
  });
});

describe('the plan of a node that leaves', () => {
  const withEmptyMaster: Member[] = [...threeAndThree, { number: 7 }, { number: 8, replicaOf: 7, epoch: 7 }];

  it('gives its replicas to masters with the fewest, never to the node itself', () => {
    const plan = planDelNode(clusterOf(withEmptyMaster), { nodeId: idOf(7), drain: false, options });
    expect(inWords(plan)).toEqual([
      'make 7008 a replica of 7001',
      'let the 7 other nodes forget 7007',
      'let 7007 forget the cluster (CLUSTER RESET SOFT)',
    ]);
  });

  it('prefers another host for a replica, and spreads several', () => {
    const hosts = ['a', 'b', 'c'];
    const members: Member[] = [
      ...[1, 2, 3].map((number) => ({
        number,
        host: hosts[number - 1] ?? '',
        slots: ['0-5460', '5461-10922', '10923-16383'][number - 1] ?? '',
      })),
      { number: 4 },
      { number: 5, host: 'a', replicaOf: 4, epoch: 4 },
      { number: 6, host: 'b', replicaOf: 4, epoch: 4 },
    ];
    const plan = planDelNode(clusterOf(members), { nodeId: idOf(4), drain: false, options });
    const homes = plan.steps.flatMap((step) =>
      step.kind === 'replicate' ? [[step.node.address.host, step.master.address.host]] : [],
    );
    expect(homes).toEqual([
      ['a', 'b'],
      ['b', 'a'],
    ]);
  });

  it.each<[string, Topology, number, boolean, RegExp]>([
    [
      'with slots',
      clusterOf(threeMasters),
      1,
      false,
      /^unsafe: \[ERR\] Node .*7001 is not empty! Reshard data away/,
    ],
    ['unknown', clusterOf(threeMasters), 5, false, /^usage: \[ERR\] No such node ID/],
    ['alone', clusterOf([{ number: 1 }]), 1, false, /^unsafe: No other node/],
    [
      'gone with its slots',
      topologyOf(
        [viewOf(1, threeMasters), viewOf(2, threeMasters)],
        [{ address: { host: '127.0.0.1', port: 7003 }, reason: 'gone' }],
      ),
      3,
      true,
      /^unsafe: .*7003 does not answer, and nobody has taken its 5461 slots/,
    ],
    [
      'to which a slot is on its way',
      clusterOf([{ number: 1, slots: `0-16383 [5->-${idOf(4)}]` }, { number: 4 }]),
      4,
      false,
      /^unsafe: Slots are open/,
    ],
    [
      'with stray keys',
      clusterOf([...threeMasters, { number: 4 }], { keyCount: 3 }),
      4,
      false,
      /^unsafe: .*contains 3 keys/,
    ],
  ])('is refused for one %s', (_, topology, number, drain, message) => {
    expect(codeOf(() => planDelNode(topology, { nodeId: idOf(number), drain, options }))).toMatch(message);
  });

  it('can be applied again at every stage', () => {
    const plan = planDelNode(clusterOf(threeAndThree), { nodeId: idOf(1), drain: true, options });
    const moved = threeAndThree.map((member) =>
      member.number === 1
        ? { number: 1, replicaOf: 2, epoch: 1 }
        : member.number === 2
          ? { ...member, slots: '0-2730 5461-10922' }
          : member.number === 3
            ? { ...member, slots: '2731-5460 10923-16383' }
            : member,
    );
    const takers = new Map(
      plan.steps.flatMap((step) => (step.kind === 'move-slots' ? [[step.target.id, step.slots]] : [])),
    );
    const slotsOf = (number: number): string =>
      [
        threeMasters[number - 1]?.slots,
        ...(takers.get(idOf(number)) ?? []).map(({ first, last }) => `${first}-${last}`),
      ].join(' ');
    const given = moved.map((member) =>
      [2, 3].includes(member.number) ? { ...member, slots: slotsOf(member.number) } : member,
    );
    // Its replica followed the last taker by itself.
    const followed = given.map((member) => (member.number === 4 ? { ...member, replicaOf: 2 } : member));
    const left = followed.filter(({ number }) => number !== 1);
    const halfForgotten = topologyOf(left.map(({ number }) => viewOf(number, number < 4 ? left : followed)));
    for (const topology of [clusterOf(threeAndThree), clusterOf(followed), halfForgotten, clusterOf(left)]) {
      expect(whyStale(plan, topology)).toEqual([]);
    }
  });
});

describe('the plan of a new node', () => {
  it('copies functions to a master only, and names the master with the fewest replicas', () => {
    const topology = clusterOf(threeAndThree.slice(0, 5));
    expect(inWords(planAddNode(topology, newcomer(), { as: 'master', masterId: undefined }))).toEqual([
      'copy functions, if there are any, from 7001 to 7009',
      'introduce 7009 to the 5 nodes of the cluster, and wait until all know each other',
      'wait until all 6 nodes agree about slots and replicas',
    ]);
    const plan = planAddNode(topology, newcomer(), { as: 'replica', masterId: undefined });
    expect([inWords(plan)[1], plan.masterChosen]).toEqual(['make 7009 a replica of 7003', true]);
  });

  it('is refused for a node that is not empty and alone, in words', () => {
    const add = (node: ReturnType<typeof newcomer>) => () =>
      planAddNode(clusterOf(threeMasters), node, { as: 'master', masterId: undefined });
    expect(codeOf(add(newcomer({ number: 9 }, 5)))).toMatch(/^unsafe: .*contains 5 keys/);
    expect(codeOf(add(newcomer({ number: 9, slots: '3' })))).toMatch(/^unsafe: .*has 1 slots/);
    expect(codeOf(add(newcomer({ number: 9 }, 0, 2)))).toMatch(
      /^unsafe: .*contains functions: .*has 2 libraries/,
    );
    expect(codeOf(add(newcomer({ number: 2 })))).toMatch(/^unsafe: .*already in this cluster/);
  });

  it('can be applied again, and is stale when the node got keys or other company', () => {
    const topology = clusterOf(threeMasters);
    const plan = planAddNode(topology, newcomer(), { as: 'replica', masterId: idOf(1) });
    expect(whyStale(plan, beside(topology, { number: 9, epoch: 0 }))).toEqual([]);
    expect(whyStale(plan, clusterOf([...threeMasters, { number: 9, replicaOf: 1 }]))).toEqual([]);
    expect(whyStale(plan, topology)[0]).toContain('does not answer at 127.0.0.1:7009');
    expect(whyStale(plan, beside(topology, { number: 9 }, { keyCount: 4 })).join()).toContain(
      'contains 4 keys now',
    );
  });
});

describe('the plan of a replacement', () => {
  const replace = (topology: Topology, number: number): Plan =>
    planReplaceNode(topology, newcomer(), idOf(number));

  it('lets the new node take over from a master; one without slots only leaves', () => {
    expect(replace(clusterOf(threeAndThree), 1).steps.map(({ kind }) => kind)).toEqual([
      'join',
      'take-over',
      'wait-agreement',
      'replicate',
      'forget',
      'reset',
    ]);
    const withEmpty = clusterOf([...threeMasters, { number: 4, epoch: 4 }]);
    expect(replace(withEmpty, 4).steps.map(({ kind }) => kind)).toEqual([
      'copy-functions',
      'join',
      'wait-agreement',
      'forget',
      'reset',
    ]);
  });

  it('fills a replica before the old one goes, which may be gone already', () => {
    const kinds = ['join', 'replicate', 'wait-replica-sync', 'wait-agreement', 'forget'];
    expect(replace(clusterOf(threeAndThree), 4).steps.map(({ kind }) => kind)).toEqual([...kinds, 'reset']);
    const views = [1, 2, 3, 5, 6].map((number) => viewOf(number, threeAndThree));
    const gone = topologyOf(views, [{ address: { host: '127.0.0.1', port: 7004 }, reason: 'gone' }]);
    expect(replace(gone, 4).steps.map(({ kind }) => kind)).toEqual(kinds);
  });

  it('can be applied again before and after the new master took over, and when the old one has left', () => {
    const plan = replace(clusterOf(threeMasters), 1);
    const fresh: Member = { number: 9, slots: '0-5460', epoch: 9 };
    const others = threeMasters.slice(1);
    expect(whyStale(plan, beside(clusterOf(threeMasters), { number: 9, epoch: 0 }))).toEqual([]);
    expect(whyStale(plan, clusterOf([...threeMasters, { number: 9, replicaOf: 1 }]))).toEqual([]);
    expect(whyStale(plan, clusterOf([...others, { number: 1, replicaOf: 9 }, fresh]))).toEqual([]);
    expect(whyStale(plan, clusterOf([...others, fresh]))).toEqual([]);
    const elsewhere = clusterOf([...threeMasters, { number: 9, replicaOf: 2 }]);
    expect(whyStale(plan, elsewhere).join()).toContain('is a replica of another master now');
  });
});

describe('the plan of a failover', () => {
  const gone = topologyOf(
    [2, 3, 4, 5, 6].map((number) => viewOf(number, threeAndThree)),
    [{ address: { host: '127.0.0.1', port: 7001 }, reason: 'gone' }],
  );

  it('names the master, and needs it for a manual one only', () => {
    const plan = planFailover(clusterOf(threeAndThree), { replicaId: idOf(4), way: 'manual' });
    expect(inWords(plan)[0]).toBe('let 7004 take over from its master 7001');
    expect(codeOf(() => planFailover(gone, { replicaId: idOf(4), way: 'manual' }))).toMatch(
      /^unsafe: .*7001 does not answer/,
    );
    expect(inWords(planFailover(gone, { replicaId: idOf(4), way: 'force' }))[0]).toContain('(force)');
    expect(
      codeOf(() => planFailover(clusterOf(threeAndThree), { replicaId: idOf(1), way: 'manual' })),
    ).toMatch(/^usage: .*7001 is a master/);
    const behind = clusterOf(threeAndThree, { masterLinkUp: false });
    expect(codeOf(() => planFailover(behind, { replicaId: idOf(4), way: 'manual' }))).toMatch(
      /^unsafe: .*no link/,
    );
  });
});

describe('plans of who is in a cluster, in files', () => {
  const topology = clusterOf(threeAndThree);
  it.each<[string, Plan]>([
    ['add-node', planAddNode(topology, newcomer(), { as: 'replica', masterId: undefined })],
    ['add-node, master', planAddNode(topology, newcomer(), { as: 'master', masterId: undefined })],
    ['del-node', planDelNode(topology, { nodeId: idOf(1), drain: true, options })],
    ['drain', planDrain(topology, { nodeId: idOf(1), options })],
    ['replace-node', planReplaceNode(topology, newcomer(), idOf(1))],
    ['replace-node, replica', planReplaceNode(topology, newcomer(), idOf(4))],
    ['failover', planFailover(topology, { replicaId: idOf(4), way: 'takeover' })],
    ['set-timeout', planSetTimeout(topology, 5000)],
  ])('come back as they were written: %s', (_, plan) => {
    expect(parsePlan(serialisePlan(plan))).toEqual(plan);
  });
});
