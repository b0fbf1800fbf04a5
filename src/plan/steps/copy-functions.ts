/** Owns the step that gives a new master the functions of the others, as a part of a plan. */
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface CopyFunctions {
  readonly kind: 'copy-functions';
  readonly source: NodeRef;
  readonly target: NodeRef;
}

export const copyFunctionsKind: StepKind<CopyFunctions> = {
  describe: ({ source, target }) =>
    `copy functions, if there are any, from ${nameOfRef(source)} to ${nameOfRef(target)}`,
  needs: ({ source, target }) => [source, target],
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'copy-functions',
    source: fields.node('source'),
    target: fields.node('target'),
  }),
};
