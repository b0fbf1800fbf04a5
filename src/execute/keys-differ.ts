/**
 * Owns the error that two nodes hold different values for keys, so that nothing was overwritten; with the keys. And the
 * lines in which keys are listed for an operator, not too many of them.
 */
import { TribError } from '../core/errors.ts';
import { escapeBytes } from '../core/escape.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';

/** Keys of one slot that two nodes hold, and not with the same value and time to live. */
export interface DifferingKeys {
  readonly slot: number;
  readonly keys: readonly Buffer[];
  /** The one that clients are served by comes first. */
  readonly nodes: readonly [Address, Address];
}

export class KeysDiffer extends TribError {
  readonly found: readonly DifferingKeys[];

  constructor(message: string, found: readonly DifferingKeys[], hint: string) {
    super('unsafe', message, { hint });
    this.found = found;
  }

  /** One error for those of several steps. */
  static together(errors: readonly KeysDiffer[]): KeysDiffer {
    return new KeysDiffer(
      errors.map(({ message }) => message).join('\n'),
      errors.flatMap(({ found }) => found),
      [...new Set(errors.map(({ hint }) => hint))].join('\n'),
    );
  }
}

/** In redis-cli's words. The keys are on `source` and, with other values, on `target`. */
export function differOnTwoNodes(
  source: Address,
  target: Address,
  found: readonly DifferingKeys[],
  hint: string,
): KeysDiffer {
  const names = keysOfSlots(found);
  return new KeysDiffer(
    [
      `*** Found ${names.length} key(s) in both source node and target node having different values.`,
      `    Source node: ${formatAddress(source)}`,
      `    Target node: ${formatAddress(target)}`,
      '    Keys(s):',
      ...keyLines(names),
    ].join('\n'),
    found,
    hint,
  );
}

/** The names of keys, each with its slot. */
export function keysOfSlots(
  slots: readonly { readonly slot: number; readonly keys: readonly Buffer[] }[],
): string[] {
  return slots.flatMap(({ slot, keys }) => keys.map((key) => `${escapeBytes(key)} (slot ${slot})`));
}

const mostKeysShown = 50;

/** A line for each name, and one for those that are too many. */
export function keyLines(names: readonly string[]): string[] {
  const shown = names.slice(0, mostKeysShown).map((name) => `    - ${name}`);
  const more = names.length - shown.length;
  return more > 0 ? [...shown, `    and ${more} more`] : shown;
}
