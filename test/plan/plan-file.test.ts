import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { planCreate } from '../../src/plan/create.ts';
import { defaultMoveOptions, type Plan } from '../../src/plan/plan.ts';
import { parsePlan, serialisePlan } from '../../src/plan/plan-file.ts';
import { planReshard } from '../../src/plan/reshard.ts';
import { clusterOf, idOf, threeAndThree, topologyOf, viewOf } from '../helpers/views.ts';

const fresh = topologyOf([1, 2, 3, 4, 5, 6].map((number) => viewOf(number, [{ number, epoch: 0 }])));
const plans: [string, Plan][] = [
  ['create', planCreate(fresh, { replicas: 1, waitServing: true }, seededRandom(1))],
  [
    'reshard',
    planReshard(clusterOf(threeAndThree), {
      slots: 100,
      targetId: idOf(1),
      sourceIds: 'all',
      options: { ...defaultMoveOptions, pipeline: 7, replace: true },
    }),
  ],
];

describe('plans in files', () => {
  it.each(plans)('come back as they were written: %s', (_, plan) => {
    expect(parsePlan(serialisePlan(plan))).toEqual(plan);
  });

  it.each<[string, (plan: Record<string, unknown>) => void]>([
    ['another format', (plan) => Object.assign(plan, { format: 'something' })],
    ['a later version', (plan) => Object.assign(plan, { version: 99 })],
    ['an unknown operation', (plan) => Object.assign(plan, { operation: 'destroy' })],
    ['no steps', (plan) => Object.assign(plan, { steps: undefined })],
    ['an unknown step', (plan) => Object.assign(plan, { steps: [{ kind: 'jump' }] })],
    ['a port that is none', (plan) => Object.assign(plan, { seed: { host: 'h', port: 70000 } })],
    [
      'a slot that is none',
      (plan) => Object.assign(plan, { steps: [{ ...firstMove(plan), slots: [{ first: 0, last: 16384 }] }] }),
    ],
    [
      'an id that is none',
      (plan) => Object.assign(plan, { steps: [{ ...firstMove(plan), source: { id: '../x' } }] }),
    ],
  ])('are refused with %s', (_, spoil) => {
    const plan: Record<string, unknown> = JSON.parse(serialisePlan((plans[1] as [string, Plan])[1]));
    spoil(plan);
    expect(() => parsePlan(JSON.stringify(plan))).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('is not a plan of trib') }),
    );
  });

  it.each(['', '[]', 'null', '{"format":"trib-plan"', '"trib-plan"'])(
    'are refused when they are %j',
    (text) => {
      expect(() => parsePlan(text)).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );
});

function firstMove(plan: Record<string, unknown>): object {
  const steps = plan['steps'];
  return Array.isArray(steps) ? steps[0] : {};
}
