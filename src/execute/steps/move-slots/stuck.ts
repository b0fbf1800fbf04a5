/** Owns the words for what a move could not do: keys that stay, and keys that a fault of the server has cost. */
import { TribError } from '../../../core/errors.ts';
import { formatRanges, rangesOf } from '../../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import { differOnTwoNodes, type KeysDiffer, keyLines, keysOfSlots } from '../../keys-differ.ts';
import {
  allowMore,
  keysSkipped,
  keysTooLarge,
  raiseTimeout,
  type SlotKeys,
  type StuckSlot,
  stuckBecause,
} from '../../stuck-slot.ts';
import type { Ends } from './ends.ts';

/** The error for slots that stay open; keys that differ are told first. */
export function whyStuck(ends: Ends, stuck: readonly StuckSlot[]): TribError {
  const [differing, large] = [stuckBecause(stuck, 'differs'), stuckBecause(stuck, 'too large')];
  if (differing.length > 0) return keysDiffer(ends, differing);
  const { source, step } = ends;
  if (large.length > 0)
    return keysTooLarge(source.address, large, `${stayOpen(large)} ${raiseTimeout}, then move again.`);
  const skipped = stuckBecause(stuck, 'skipped');
  const way = `from ${formatAddress(source.address)} to ${formatAddress(step.target.address)}`;
  return keysSkipped(
    skipped,
    `${stayOpen(skipped)} Move ${way} again with ${allowMore}, or make the keys smaller.`,
  );
}

function keysDiffer({ source, target }: Ends, stuck: readonly SlotKeys[]): KeysDiffer {
  return differOnTwoNodes(
    source.address,
    target.address,
    stuck.map(({ slot, keys }) => ({ slot, keys, nodes: [source.address, target.address] })),
    `${stayOpen(stuck)} Delete the wrong copies, or move again with --replace: the source's win.`,
  );
}

/** Before anything was moved. */
export function keysRefused(ends: Ends, found: readonly SlotKeys[]): TribError {
  return new TribError(
    'unsafe',
    [
      `*** ${formatAddress(ends.source.address)} has key(s) too big for the allowed pause:`,
      ...keyLines(keysOfSlots(found)),
    ].join('\n'),
    {
      hint: 'None of its slots was moved. Allow more with --max-pause, send such keys by themselves with --big-keys alone, or leave them with --big-keys skip.',
    },
  );
}

export function keysLost(ends: Ends, slots: readonly number[]): TribError {
  const [source, target] = [ends.source, ends.target].map(({ address }) => formatAddress(address));
  return new TribError(
    'failed',
    `*** Keys of slots ${formatRanges(rangesOf(slots), ',')} are lost: a late packet of ${source} took them back from ${target}.`,
    {
      hint: `This is a fault of Redis 7.0 that shows when slots return to a node soon after another tool moved them. ${target} has the slots again. Bring their keys back from a replica's snapshot or a backup.`,
    },
  );
}

function stayOpen(stuck: readonly SlotKeys[]): string {
  const slots = rangesOf(stuck.map(({ slot }) => slot).sort((a, b) => a - b));
  return `Slots ${formatRanges(slots, ',')} stay open, and no key is lost.`;
}
