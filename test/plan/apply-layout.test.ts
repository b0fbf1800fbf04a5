import { describe, expect, it } from 'vitest';
import type { Layout, LayoutNode } from '../../src/cluster/layout.ts';
import type { Topology } from '../../src/cluster/topology.ts';
import { planApplyLayout } from '../../src/plan/apply-layout.ts';
import { compareLayout } from '../../src/plan/compare-layout.ts';
import type { Found } from '../../src/plan/layout-roster.ts';
import { defaultMoveOptions, describeStep } from '../../src/plan/plan.ts';
import { parsePlan, serialisePlan } from '../../src/plan/plan-file.ts';
import { clusterOf, idOf, threeAndThree, threeMasters, topologyOf, viewOf } from '../helpers/views.ts';

const at = (number: number) => ({ host: '127.0.0.1', port: 7000 + number });

type Wish = Partial<Omit<LayoutNode, 'address' | 'replicaOf'>> & {
  readonly number: number;
  readonly of?: number;
};

function layoutOf(wishes: readonly Wish[]): Layout {
  return {
    masters: undefined,
    replicas: undefined,
    nodes: wishes.map(({ number, of, zone, role, weight = 1 }) => ({
      address: at(number),
      zone,
      role: of === undefined ? role : 'replica',
      replicaOf: of === undefined ? undefined : at(of),
      weight,
    })),
  };
}

/** The cluster, and nodes by number that are alone; `silent` do not answer and are nowhere. */
function foundWith(
  cluster: Topology,
  alone: readonly number[] = [],
  keyCount = 0,
): Found & { readonly cluster: Topology } {
  const newcomers = alone.flatMap((number) =>
    topologyOf([viewOf(number, [{ number, epoch: 0 }], { keyCount })]).nodes.map((node) => ({
      node,
      libraries: 0,
    })),
  );
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8].filter(
    (number) => cluster.nodes.some(({ id }) => id === idOf(number)) || alone.includes(number),
  );
  return {
    cluster,
    newcomers,
    silences: [],
    ids: new Map(numbers.map((number) => [`127.0.0.1:${7000 + number}`, idOf(number)])),
  };
}

const masters: Wish[] = [{ number: 1 }, { number: 2 }, { number: 3 }];
const replicas: Wish[] = [
  { number: 4, of: 1 },
  { number: 5, of: 2 },
  { number: 6, of: 3 },
];
const steps = (wishes: readonly Wish[], found: ReturnType<typeof foundWith>, prune = false): string[] => {
  const plan = planApplyLayout(found, { layout: layoutOf(wishes), prune, options: defaultMoveOptions });
  expect(parsePlan(serialisePlan(plan))).toEqual(plan);
  return plan.steps.map(describeStep).filter((step) => !step.startsWith('wait until all'));
};
const differences = (wishes: readonly Wish[], found: Found): string[] =>
  compareLayout(layoutOf(wishes), found).differences.map(({ kind, node }) => `${kind} ${node.port - 7000}`);

describe('a layout beside a cluster', () => {
  const same = foundWith(clusterOf(threeAndThree));

  it('asks for nothing where all is as it has it', () => {
    expect(differences([...masters, ...replicas], same)).toEqual([]);
    expect(steps([...masters, ...replicas], same)).toEqual([]);
  });

  it('swaps a master and its replica by a failover, and moves no slot for that', () => {
    const swapped: Wish[] = [
      { number: 4 },
      { number: 2 },
      { number: 3 },
      { number: 1, of: 4 },
      ...replicas.slice(1),
    ];
    expect(differences(swapped, same)).toEqual(['role 4', 'role 1']);
    expect(steps(swapped, same)).toEqual(['let 127.0.0.1:7004 take over from its master 127.0.0.1:7001']);
  });

  it('gives replicas other masters', () => {
    const crossed: Wish[] = [...masters, { number: 4, of: 2 }, { number: 5, of: 1 }, { number: 6, of: 3 }];
    expect(differences(crossed, same)).toEqual(['master 4', 'master 5']);
    expect(steps(crossed, same)).toEqual([
      'make 127.0.0.1:7004 a replica of 127.0.0.1:7002',
      'make 127.0.0.1:7005 a replica of 127.0.0.1:7001',
    ]);
  });

  it('moves slots by weight, and takes new nodes in', () => {
    const weighed: Wish[] = [
      { number: 1, weight: 2 },
      { number: 2 },
      { number: 3, weight: 0 },
      ...replicas,
      { number: 7 },
    ];
    const found = foundWith(clusterOf(threeAndThree), [7]);
    expect(differences(weighed, found)).toEqual(['missing 7', 'slots 1', 'slots 2', 'slots 3', 'slots 7']);
    expect(steps(weighed, found)).toEqual([
      'copy functions, if there are any, from 127.0.0.1:7001 to 127.0.0.1:7007',
      'introduce 127.0.0.1:7007 to the 6 nodes of the cluster, and wait until all know each other',
      'wait until every master serves clients and every replica has its link',
      expect.stringMatching(/^move slots .* from 127.0.0.1:7003 to 127.0.0.1:7007$/),
      expect.stringMatching(/^move slots .* from 127.0.0.1:7003 to 127.0.0.1:7001$/),
      expect.stringMatching(/^move slots .* from 127.0.0.1:7002 to 127.0.0.1:7001$/),
      // It may follow the last slot of its master to another.
      'make 127.0.0.1:7006 a replica of 127.0.0.1:7003',
    ]);
  });

  it('leaves strangers with their slots, or lets them give these up and go, replicas first', () => {
    const two: Wish[] = [{ number: 1 }, { number: 2 }, { number: 4, of: 1 }, { number: 5, of: 2 }];
    expect(differences(two, same).sort()).toEqual(['extra 3', 'extra 6']);
    expect(steps(two, same)).toEqual([]);
    expect(steps(two, same, true)).toEqual(
      [
        'move slots 10923-13654 from 127.0.0.1:7003 to 127.0.0.1:7002',
        'move slots 13655-16383 from 127.0.0.1:7003 to 127.0.0.1:7001',
        'let the 5 other nodes forget 127.0.0.1:7006',
        'let 127.0.0.1:7006 forget the cluster (CLUSTER RESET SOFT)',
        'let the 5 other nodes forget 127.0.0.1:7003',
        'let 127.0.0.1:7003 forget the cluster (CLUSTER RESET SOFT)',
      ].map((step) =>
        step.startsWith('move') ? expect.stringMatching(/^move slots .* from 127.0.0.1:7003 to/) : step,
      ),
    );
  });

  it.each<[string, readonly Wish[], ReturnType<typeof foundWith>, string, string]>([
    [
      'a node that holds keys',
      [...masters, { number: 7 }],
      foundWith(clusterOf(threeMasters), [7], 3),
      'unsafe',
      'contains 3 keys',
    ],
    [
      'a node that does not answer',
      [...masters, { number: 8 }],
      foundWith(clusterOf(threeMasters)),
      'connect',
      '127.0.0.1:7008',
    ],
    [
      'weights that come to nothing',
      masters.map((wish) => ({ ...wish, weight: 0 })),
      foundWith(clusterOf(threeMasters)),
      'usage',
      'The weights come to 0',
    ],
    [
      'slots that are open',
      masters,
      foundWith(clusterOf([{ number: 1, slots: `0-5460 [7->-${idOf(2)}]` }, ...threeMasters.slice(1)])),
      'unsafe',
      '*** Please fix your cluster problems before applying a topology file',
    ],
    [
      'slots that nobody has',
      masters,
      foundWith(clusterOf([{ number: 1, slots: '1-5460' }, ...threeMasters.slice(1)])),
      'unsafe',
      '*** Please fix your cluster problems before applying a topology file',
    ],
  ])('is not applied with %s', (_, wishes, found, code, message) => {
    expect(() => steps(wishes, found)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
