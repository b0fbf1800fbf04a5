import { describe, expect, it } from 'vitest';
import type { Topology } from '../../src/cluster/topology.ts';
import { seededRandom } from '../../src/core/random.ts';
import { type CreateRequest, planCreate, planCreateAs } from '../../src/plan/create.ts';
import { describeStep } from '../../src/plan/plan.ts';
import { type Member, topologyOf, type ViewOptions, viewOf } from '../helpers/views.ts';

/** Nodes that do not know each other. */
function apart(members: readonly Member[], options: ViewOptions = {}): Topology {
  return topologyOf(members.map((member) => viewOf(member.number, [member], options)));
}

const fresh = (count: number): Member[] =>
  Array.from({ length: count }, (_, index) => ({ number: index + 1, epoch: 0 }));
const request: CreateRequest = { replicas: 1, waitServing: false };
const plan = (topology: Topology, wanted = request) => planCreate(topology, wanted, seededRandom(1));

describe('the plan of a new cluster', () => {
  it('is made of steps that an operator would recognise', () => {
    expect(plan(apart(fresh(6))).steps.map(describeStep)).toEqual([
      'assign slots 0-5460 to 127.0.0.1:7001',
      'assign slots 5461-10922 to 127.0.0.1:7002',
      'assign slots 10923-16383 to 127.0.0.1:7003',
      ...[1, 2, 3, 4, 5, 6].map((number) => `set the config epoch of 127.0.0.1:700${number} to ${number}`),
      'introduce 127.0.0.1:7001, 127.0.0.1:7002, 127.0.0.1:7003, 127.0.0.1:7004, 127.0.0.1:7005, 127.0.0.1:7006 to each other',
      'wait until all 6 nodes know each other',
      'make 127.0.0.1:7005 a replica of 127.0.0.1:7001',
      'make 127.0.0.1:7006 a replica of 127.0.0.1:7002',
      'make 127.0.0.1:7004 a replica of 127.0.0.1:7003',
      'wait until all 6 nodes agree about slots and replicas',
    ]);
  });

  it('waits for clients to be served when asked', () => {
    const steps = plan(apart(fresh(3)), { replicas: 0, waitServing: true }).steps;
    expect(steps.at(-1)?.kind).toBe('wait-serving');
  });

  it('gives no epoch twice, and none to a node that has one', () => {
    const members = fresh(4).map((member) => (member.number === 3 ? { ...member, epoch: 2 } : member));
    const epochs = plan(apart(members), { replicas: 0, waitServing: false }).steps.flatMap((step) =>
      step.kind === 'set-config-epoch' ? [step.epoch] : [],
    );
    expect(epochs).toEqual([1, 3, 4]);
  });

  it("refuses too few nodes in redis-cli's words", () => {
    expect(() => plan(apart(fresh(5)))).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining('*** This is not possible with 5 nodes and 1 replicas per node.'),
      }),
    );
  });

  it.each<[string, Topology]>([
    ['contains 3 keys', apart(fresh(6), { keyCount: 3 })],
    ['has 11 slots', apart(fresh(6).map((member) => ({ ...member, slots: '0-10' })))],
    [
      'knows 1 other node',
      topologyOf(
        fresh(6).map(({ number }) => viewOf(number, number < 3 ? fresh(2) : [{ number, epoch: 0 }])),
      ),
    ],
  ])('refuses a node that %s', (reason, topology) => {
    expect(() => plan(topology)).toThrow(
      expect.objectContaining({
        code: 'unsafe',
        message: `[ERR] Node 127.0.0.1:7001 is not empty: it ${reason}.`,
      }),
    );
  });

  it('makes one or two masters when that is asked for', () => {
    const few = plan(apart(fresh(2)), { replicas: 1, waitServing: false, allowFewMasters: true });
    expect(few.steps.map(describeStep).slice(0, 1)).toEqual(['assign slots 0-16383 to 127.0.0.1:7001']);
    expect(() => plan(apart(fresh(2)), { replicas: 2, waitServing: false, allowFewMasters: true })).toThrow(
      expect.objectContaining({ code: 'usage', message: '2 replicas for a master take more than 2 nodes.' }),
    );
  });
});

describe('the plan of a new cluster whose masters are named', () => {
  const made = (weights: readonly number[], allowFewMasters = false) => {
    const topology = apart(fresh(weights.length));
    const masters = topology.nodes.map((node, index) => ({ node, weight: weights[index] ?? 1 }));
    return planCreateAs(topology, masters, [], { replicas: 0, waitServing: false, allowFewMasters })
      .steps.map(describeStep)
      .filter((step) => step.startsWith('assign'));
  };

  it('shares slots out by weight, one after the other, and none for 0', () => {
    expect(made([1, 1, 1])).toEqual([
      'assign slots 0-5460 to 127.0.0.1:7001',
      'assign slots 5461-10922 to 127.0.0.1:7002',
      'assign slots 10923-16383 to 127.0.0.1:7003',
    ]);
    expect(made([2, 1, 0, 1])).toEqual([
      'assign slots 0-8191 to 127.0.0.1:7001',
      'assign slots 8192-12287 to 127.0.0.1:7002',
      'assign slots 12288-16383 to 127.0.0.1:7004',
    ]);
  });

  it.each<[string, readonly number[], string]>([
    ['few masters', [1, 1], 'a cluster has at least 3'],
    ['no weight at all', [0, 0, 0], 'The weights come to 0'],
    ['a weight that comes to nothing', [1, 1, 0.00001], 'is so small beside the others'],
  ])('is refused with %s', (_, weights, message) => {
    expect(() => made(weights)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });
});
