/** Owns the error that two nodes hold different values for keys, so that nothing was overwritten; with the keys. */
import { TribError } from '../core/errors.ts';
import type { Address } from '../protocol/text/addresses.ts';

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
