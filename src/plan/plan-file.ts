/**
 * Owns plans as files: JSON out, and JSON in, where nothing is believed before it was looked at.
 */
import { TribError } from '../core/errors.ts';
import { isSlot, type SlotRange } from '../protocol/slots/slot-set.ts';
import type { Address } from '../protocol/text/addresses.ts';
import { type MoveOptions, type NodeRef, PLAN_VERSION, type Plan, type Step } from './plan.ts';

const FORMAT = 'trib-plan';

export function serialisePlan(plan: Plan): string {
  return `${JSON.stringify({ format: FORMAT, ...plan }, undefined, 2)}\n`;
}

/** The plan in a file. Throws a TribError ("usage") that says what is wrong with it. */
export function parsePlan(text: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notAPlan('it is not JSON');
  }
  const fields = objectOf(value, 'the plan');
  if (fields['format'] !== FORMAT) throw notAPlan('its "format" is not "trib-plan"');
  if (fields['version'] !== PLAN_VERSION) {
    throw notAPlan(
      `its version is ${JSON.stringify(fields['version'])}, and this trib reads ${PLAN_VERSION}`,
    );
  }
  const seed = addressOf(fields['seed'], 'seed');
  const steps = arrayOf(fields['steps'], 'steps').map((step, index) => stepOf(step, `steps[${index}]`));
  switch (fields['operation']) {
    case 'create':
      return {
        version: PLAN_VERSION,
        operation: 'create',
        seed,
        replicas: wholeOf(fields['replicas'], 'replicas'),
        antiAffinity: oneOf(
          fields['antiAffinity'],
          ['perfect', 'replicas-together', 'replica-with-master'],
          'antiAffinity',
        ),
        steps,
      };
    case 'reshard':
      return {
        version: PLAN_VERSION,
        operation: 'reshard',
        seed,
        slots: wholeOf(fields['slots'], 'slots'),
        options: optionsOf(fields['options']),
        steps,
      };
    default:
      throw notAPlan(`its operation ${JSON.stringify(fields['operation'])} is not known`);
  }
}

function notAPlan(why: string): TribError {
  return new TribError('usage', `The file is not a plan of trib: ${why}.`, {
    hint: 'Plans are written by --plan FILE.',
  });
}

function stepOf(value: unknown, name: string): Step {
  const fields = objectOf(value, name);
  const node = (field: string): NodeRef => nodeRefOf(fields[field], `${name}.${field}`);
  const nodes = (): NodeRef[] =>
    arrayOf(fields['nodes'], `${name}.nodes`).map((ref, index) => nodeRefOf(ref, `${name}.nodes[${index}]`));
  const slots = (): SlotRange[] =>
    arrayOf(fields['slots'], `${name}.slots`).map((range, index) =>
      rangeOf(range, `${name}.slots[${index}]`),
    );
  switch (fields['kind']) {
    case 'assign-slots':
      return { kind: 'assign-slots', node: node('node'), slots: slots() };
    case 'set-config-epoch':
      return {
        kind: 'set-config-epoch',
        node: node('node'),
        epoch: wholeOf(fields['epoch'], `${name}.epoch`),
      };
    case 'meet':
    case 'wait-joined':
    case 'wait-serving':
      return { kind: fields['kind'], nodes: nodes() };
    case 'wait-agreement':
      return { kind: 'wait-agreement', nodes: nodes(), roles: fields['roles'] === true };
    case 'replicate':
      return { kind: 'replicate', node: node('node'), master: node('master') };
    case 'move-slots':
      return { kind: 'move-slots', source: node('source'), target: node('target'), slots: slots() };
    default:
      throw notAPlan(`${name} has the unknown kind ${JSON.stringify(fields['kind'])}`);
  }
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notAPlan(`${name} is not an object`);
  return value as Record<string, unknown>;
}

function arrayOf(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw notAPlan(`${name} is not a list`);
  return value;
}

function wholeOf(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw notAPlan(`${name} is not a whole number`);
  return value;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw notAPlan(`${name} is none of ${allowed.join(', ')}`);
  return found;
}

function addressOf(value: unknown, name: string): Address {
  const { host, port } = objectOf(value, name);
  if (typeof host !== 'string' || host === '') throw notAPlan(`${name}.host is missing`);
  const number = wholeOf(port, `${name}.port`);
  if (number < 1 || number > 65535) throw notAPlan(`${name}.port is no port`);
  return { host, port: number };
}

function nodeRefOf(value: unknown, name: string): NodeRef {
  const { id, address, busPort } = objectOf(value, name);
  if (typeof id !== 'string' || !/^[0-9a-f]{40}$/.test(id))
    throw notAPlan(`${name}.id is not the id of a node`);
  return { id, address: addressOf(address, `${name}.address`), busPort: wholeOf(busPort, `${name}.busPort`) };
}

function rangeOf(value: unknown, name: string): SlotRange {
  const { first, last } = objectOf(value, name);
  if (
    typeof first !== 'number' ||
    typeof last !== 'number' ||
    !isSlot(first) ||
    !isSlot(last) ||
    last < first
  ) {
    throw notAPlan(`${name} is not a range of slots`);
  }
  return { first, last };
}

function optionsOf(value: unknown): MoveOptions {
  const { timeoutMs, pipeline, replace } = objectOf(value, 'options');
  return {
    timeoutMs: wholeOf(timeoutMs, 'options.timeoutMs'),
    pipeline: pipeline === undefined ? undefined : Math.max(1, wholeOf(pipeline, 'options.pipeline')),
    replace: replace === true,
  };
}
