/** Owns the steps that bring nodes together, and wait until each knows every other, as parts of a plan. */
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

/** Every one of the nodes is to know every other. */
export interface Meet {
  readonly kind: 'meet';
  readonly nodes: readonly NodeRef[];
}

export interface WaitJoined {
  readonly kind: 'wait-joined';
  readonly nodes: readonly NodeRef[];
}

export const meetKind: StepKind<Meet> = {
  describe: ({ nodes }) => `introduce ${nodes.map(nameOfRef).join(', ')} to each other`,
  needs: ({ nodes }) => nodes,
  whyNot: () => [],
  parse: (fields) => ({ kind: 'meet', nodes: fields.nodes('nodes') }),
};

export const waitJoinedKind: StepKind<WaitJoined> = {
  describe: ({ nodes }) => `wait until all ${nodes.length} nodes know each other`,
  needs: ({ nodes }) => nodes,
  whyNot: () => [],
  parse: (fields) => ({ kind: 'wait-joined', nodes: fields.nodes('nodes') }),
};
