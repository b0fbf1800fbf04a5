/**
 * Owns what a kind of step is to a plan: its words for an operator, the nodes that it needs, why it cannot be carried
 * out any more, and how it is read from a file. Carrying it out is execute/steps/. Each kind has a file here and
 * a line in kinds.ts.
 */
import type { ClusterNode, Topology } from '../../cluster/topology.ts';
import { type Address, formatAddress } from '../../protocol/text/addresses.ts';
import type { Fields } from '../fields.ts';

export interface NodeRef {
  readonly id: string;
  readonly address: Address;
  /** Where it listens for other nodes. */
  readonly busPort: number;
}

export interface StepKind<S> {
  /** In the words of an operator, without a full stop: "move slots 0-99 from A to B". */
  describe(step: S): string;
  /** The nodes that must answer for what is left of the step; none when it is done. */
  needs(step: S, topology: Topology): readonly NodeRef[];
  /** Why it cannot be carried out any more, a sentence each; empty when it can, or is done. */
  whyNot(step: S, topology: Topology): string[];
  /** Throws a TribError ("usage"). */
  parse(fields: Fields): S;
}

/** A map without nodes is given to learn which nodes a step is about at all. */
export function isBlank({ nodes }: Topology): boolean {
  return nodes.length === 0;
}

export function refTo({ id, address, busPort }: ClusterNode): NodeRef {
  return { id, address: { host: address.host, port: address.port }, busPort };
}

export function nameOfRef({ address }: Pick<NodeRef, 'address'>): string {
  return formatAddress(address);
}
