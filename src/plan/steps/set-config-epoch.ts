/** Owns the step that gives a new node a config epoch of its own, so that no two collide, as a part of a plan. */
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface SetConfigEpoch {
  readonly kind: 'set-config-epoch';
  readonly node: NodeRef;
  readonly epoch: number;
}

export const setConfigEpochKind: StepKind<SetConfigEpoch> = {
  describe: ({ node, epoch }) => `set the config epoch of ${nameOfRef(node)} to ${epoch}`,
  needs: ({ node }) => [node],
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'set-config-epoch',
    node: fields.node('node'),
    epoch: fields.whole('epoch'),
  }),
};
