/** Owns the flags for how keys are moved: of every command that moves slots. */
import { boolean } from '@oclif/core/flags';
import { defaultMoveOptions, type MoveOptions } from '../plan/plan.ts';
import { wholeNumber } from './flags.ts';

/** What `moveFlags` give. */
export interface MoveFlags {
  readonly timeout: number;
  readonly pipeline?: number | undefined;
  readonly replace: boolean;
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
  replace: boolean({
    summary: 'Overwrite keys that the target has with another value.',
    helpGroup: 'MOVING',
  }),
};

export function moveOptionsOf(flags: MoveFlags): MoveOptions {
  return { timeoutMs: flags.timeout, pipeline: flags.pipeline, replace: flags.replace };
}
