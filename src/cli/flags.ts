/** Owns the flags that several commands share, and the checks of what was typed that need no cluster. */
import { boolean, custom, string } from '@oclif/core/flags';
import { TribError } from '../core/errors.ts';

/** A whole number within bounds. Throws a TribError ("usage"). */
export const wholeNumber = custom<number, { min: number; max: number }>({
  parse: async (input, _, { min, max, name }) => {
    const value = Number(input);
    if (!/^\d+$/.test(input) || value < min || value > max) {
      throw new TribError('usage', `--${name} takes a whole number from ${min} to ${max}, not "${input}".`);
    }
    return value;
  },
});

/** A number within bounds, with decimals or without. Throws a TribError ("usage"). */
export const decimalNumber = custom<number, { min: number; max: number }>({
  parse: async (input, _, { min, max, name }) => {
    const value = Number(input);
    if (!/^\d*\.?\d+$/.test(input) || value < min || value > max) {
      throw new TribError('usage', `--${name} takes a number from ${min} to ${max}, not "${input}".`);
    }
    return value;
  },
});

/** Of every command that changes a cluster; what run-change.ts reads. */
export const changeFlags = {
  yes: boolean({ summary: 'Do not ask for approval.' }),
  'dry-run': boolean({ summary: 'Show the plan and change nothing.' }),
  'join-timeout': wholeNumber({
    summary: 'How long nodes may take to know each other and to agree.',
    helpValue: 'MS',
    min: 1,
    max: 3_600_000,
  }),
};

/** Of those that never ask: a script that writes --yes everywhere is understood. */
export const consentGiven = boolean({ summary: 'Nobody is asked in any case.', hidden: true });

/** Of those that make a plan. */
export const planFlags = {
  ...changeFlags,
  plan: string({
    summary:
      'Keep the plan in a file before its first effect (with --dry-run: instead); "trib apply FILE" carries it out.',
    helpValue: 'FILE',
  }),
};
