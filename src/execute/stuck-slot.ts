/**
 * Owns what keeps keys of a slot where they are: that they differ, or their size; and the errors about large ones. What else the
 * operator may do about them the step knows, which gives the hint.
 */
import { TribError } from '../core/errors.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import { keyLines, keysOfSlots } from './keys-differ.ts';

/** "differs": source and target hold them with different values or times to live. */
export type WhyStuck = 'differs' | 'too large' | 'skipped';

/** A slot that cannot be drained until the operator has done something about the keys. */
export class StuckSlot extends Error {
  override readonly name = 'StuckSlot';
  readonly slot: number;
  readonly keys: readonly { readonly key: Buffer; readonly why: WhyStuck }[];

  constructor(slot: number, keys: StuckSlot['keys']) {
    super(`slot ${slot} cannot be drained`);
    this.slot = slot;
    this.keys = keys;
  }
}

/** Keys of a slot. */
export interface SlotKeys {
  readonly slot: number;
  readonly keys: readonly Buffer[];
}

/** The keys that stay for this reason, by slot. */
export function stuckBecause(stuck: readonly StuckSlot[], why: WhyStuck): SlotKeys[] {
  return stuck
    .map(({ slot, keys }) => ({ slot, keys: keys.filter((key) => key.why === why).map(({ key }) => key) }))
    .filter(({ keys }) => keys.length > 0);
}

/** Ways out, for hints. */
export const raiseTimeout =
  'Raise the node timeout of every node for a while (CONFIG SET cluster-node-timeout)';
export const allowMore = '--big-keys alone or a longer --max-pause';

export function keysTooLarge(source: Address, stuck: readonly SlotKeys[], hint: string): TribError {
  return new TribError(
    'unsafe',
    [
      `*** Found key(s) so large that moving them would block ${formatAddress(source)} until it is taken for failed:`,
      ...keyLines(keysOfSlots(stuck)),
    ].join('\n'),
    { hint },
  );
}

export function keysSkipped(stuck: readonly SlotKeys[], hint: string): TribError {
  return new TribError(
    'unsafe',
    ['*** Skipped key(s) too big for the allowed pause:', ...keyLines(keysOfSlots(stuck))].join('\n'),
    { hint },
  );
}
