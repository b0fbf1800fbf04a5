/** Owns the step that waits until a replica has what its master has, as a part of a plan. */
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface WaitReplicaSync {
  readonly kind: 'wait-replica-sync';
  readonly replica: NodeRef;
  readonly master: NodeRef;
}

export const waitReplicaSyncKind: StepKind<WaitReplicaSync> = {
  describe: ({ replica, master }) =>
    `wait until ${nameOfRef(replica)} has all data of its master ${nameOfRef(master)}`,
  needs: ({ replica, master }) => [replica, master],
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'wait-replica-sync',
    replica: fields.node('replica'),
    master: fields.node('master'),
  }),
};
