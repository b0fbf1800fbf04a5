/** Owns the flags for how keys are moved: of every command that moves slots. */
import { boolean, option } from '@oclif/core/flags';
import { TribError } from '../core/errors.ts';
import {
  type BigKeys,
  bigKeysPolicies,
  defaultMoveOptions,
  type Engine,
  engines,
  type MoveOptions,
} from '../plan/plan.ts';
import { wholeNumber } from './flags.ts';

/** What `moveFlags` give. */
export interface MoveFlags {
  readonly timeout: number;
  readonly pipeline?: number | undefined;
  readonly replace: boolean;
  readonly 'max-pause': number;
  readonly 'big-keys': BigKeys;
  readonly rate?: number | undefined;
  readonly engine: Engine;
}

export const moveFlags = {
  timeout: wholeNumber({
    summary: 'Timeout of MIGRATE.',
    helpGroup: 'MOVING',
    helpValue: 'MS',
    min: 1,
    max: 2_147_483_647,
    default: defaultMoveOptions.timeoutMs,
  }),
  pipeline: wholeNumber({
    summary: 'Keys in one MIGRATE; without it, as many as keep it short.',
    helpGroup: 'MOVING',
    helpValue: 'N',
    min: 1,
    max: 100_000,
  }),
  'max-pause': wholeNumber({
    summary: 'How long one MIGRATE may hold up the clients of its source; batches follow what is measured.',
    helpGroup: 'MOVING',
    helpValue: 'MS',
    min: 1,
    max: 60_000,
    default: defaultMoveOptions.maxPauseMs,
  }),
  'big-keys': option({
    summary:
      'A key too big for that pause is sent alone, is skipped (its slot stays open), or nothing is moved.',
    helpGroup: 'MOVING',
    options: bigKeysPolicies,
    default: defaultMoveOptions.bigKeys,
  })(),
  rate: wholeNumber({
    summary: 'Move no more keys a second than this.',
    helpGroup: 'MOVING',
    helpValue: 'KEYS',
    min: 1,
    max: 100_000_000,
  }),
  engine: option({
    summary:
      'Let the servers move whole slots where all masters offer it (Valkey 9, Redis 8.4; built after their documentation, not yet run with them), or move key by key with MIGRATE.',
    helpGroup: 'MOVING',
    options: engines,
    default: defaultMoveOptions.engine,
  })(),
  replace: boolean({
    summary: 'Overwrite keys that the target has with another value.',
    helpGroup: 'MOVING',
  }),
};

/** Throws a TribError ("usage") for flags that do not go together. */
export function moveOptionsOf(flags: MoveFlags): MoveOptions {
  const ofMigrate = [
    ...(flags.replace ? ['--replace'] : []),
    ...(flags.pipeline === undefined ? [] : ['--pipeline']),
    ...(flags.rate === undefined ? [] : ['--rate']),
    ...(flags['big-keys'] === 'alone' ? [] : ['--big-keys']),
  ];
  if (flags.engine === 'atomic' && ofMigrate.length > 0) {
    throw new TribError('usage', `${ofMigrate.join(', ')} only work with --engine migrate.`, {
      hint: 'In an atomic migration the servers move whole slots by themselves.',
    });
  }
  return {
    timeoutMs: flags.timeout,
    pipeline: flags.pipeline,
    replace: flags.replace,
    maxPauseMs: flags['max-pause'],
    bigKeys: flags['big-keys'],
    keysPerSecond: flags.rate,
    engine: flags.engine,
  };
}
