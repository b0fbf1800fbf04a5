/** Owns plans as files: JSON out, and JSON in, where nothing is believed before it was looked at. */
import { TribError } from '../core/errors.ts';
import { Fields } from './fields.ts';
import {
  balanceUnits,
  bigKeysPolicies,
  defaultMoveOptions,
  engines,
  type MoveOptions,
  PLAN_VERSION,
  type Plan,
  type PlannedShare,
  planOperations,
  type Step,
} from './plan.ts';
import { kindNamed } from './steps/kinds.ts';

const FORMAT = 'trib-plan';

export function serialisePlan(plan: Plan): string {
  return `${JSON.stringify({ format: FORMAT, ...plan }, undefined, 2)}\n`;
}

/** The plan in a file. Throws a TribError ("usage") that says what is wrong with it. */
export function parsePlan(text: string): Plan {
  const fields = Fields.ofFile(text, { format: FORMAT, version: PLAN_VERSION }, notAPlan);
  const common = {
    version: PLAN_VERSION,
    seed: fields.address('seed'),
    options: moveOptionsOf(fields.object('options')),
    steps: fields.objects('steps').map(stepOf),
  } as const;
  const operation = fields.oneOf('operation', planOperations);
  switch (operation) {
    case 'create':
      return {
        ...common,
        operation,
        replicas: fields.whole('replicas'),
        antiAffinity: fields.oneOf('antiAffinity', ['perfect', 'replicas-together', 'replica-with-master']),
      };
    case 'reshard':
      return { ...common, operation, slots: fields.whole('slots') };
    case 'rebalance':
      return {
        ...common,
        operation,
        by: fields.oneOf('by', balanceUnits),
        thresholdPercent: fields.number('thresholdPercent'),
        shares: fields.objects('shares').map(shareOf),
      };
    case 'add-node':
      return { ...common, operation, masterChosen: fields.flag('masterChosen') };
    default:
      return { ...common, operation };
  }
}

function notAPlan(why: string): TribError {
  return new TribError('usage', `The file is not a plan of trib: ${why}.`, {
    hint: 'Plans are written by --plan FILE.',
  });
}

function stepOf(fields: Fields): Step {
  const name = fields.text('kind');
  const kind = kindNamed(name);
  if (kind === undefined) throw notAPlan(`its step "${name}" is not known`);
  return kind.parse(fields);
}

function shareOf(fields: Fields): PlannedShare {
  return {
    node: fields.node('node'),
    weight: fields.number('weight'),
    before: fields.number('before'),
    after: fields.number('after'),
    isOff: fields.flag('isOff'),
  };
}

function moveOptionsOf(fields: Fields): MoveOptions {
  return {
    timeoutMs: fields.whole('timeoutMs'),
    pipeline: fields.has('pipeline') ? Math.max(1, fields.whole('pipeline')) : undefined,
    replace: fields.flag('replace'),
    // Plans that were written before there were these.
    maxPauseMs: fields.has('maxPauseMs')
      ? Math.max(1, fields.whole('maxPauseMs'))
      : defaultMoveOptions.maxPauseMs,
    bigKeys: fields.has('bigKeys') ? fields.oneOf('bigKeys', bigKeysPolicies) : defaultMoveOptions.bigKeys,
    keysPerSecond: fields.has('keysPerSecond') ? Math.max(1, fields.whole('keysPerSecond')) : undefined,
    engine: fields.has('engine') ? fields.oneOf('engine', engines) : defaultMoveOptions.engine,
  };
}
