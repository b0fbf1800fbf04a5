/** Owns the step that brings the keys of a server outside the cluster into it, as a part of a plan. */
import { type Address, formatAddress } from '../../protocol/text/addresses.ts';
import type { NodeRef, StepKind } from './step-kind.ts';

export interface ImportKeys {
  readonly kind: 'import-keys';
  /** The server outside. Its password is not here: it is given again when this is carried out again. */
  readonly source: Address;
  /** Those that had the slots when this was planned. */
  readonly masters: readonly NodeRef[];
  /** The source keeps its keys. */
  readonly copy: boolean;
  /** In its database 0, when this was planned. */
  readonly keys: number;
}

export const importKeysKind: StepKind<ImportKeys> = {
  describe: ({ source, copy, keys, masters }) =>
    `${copy ? 'copy' : 'move'} ${keys} keys from ${formatAddress(source)} to ${masters.length} masters`,
  needs: ({ masters }) => masters,
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'import-keys',
    source: fields.address('source'),
    masters: fields.nodes('masters'),
    copy: fields.flag('copy'),
    keys: fields.whole('keys'),
  }),
};
