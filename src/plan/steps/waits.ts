/** Owns the steps that wait for the cluster to be at one and to serve, as parts of a plan. */
import type { NodeRef, StepKind } from './step-kind.ts';

/** Until every node gives every slot to the same master. */
export interface WaitAgreement {
  readonly kind: 'wait-agreement';
  readonly nodes: readonly NodeRef[];
  /** And until each also knows who is whose replica: word of that goes round slower. */
  readonly roles: boolean;
}

/** Until every master serves clients and every replica has its link. */
export interface WaitServing {
  readonly kind: 'wait-serving';
  readonly nodes: readonly NodeRef[];
}

export const waitAgreementKind: StepKind<WaitAgreement> = {
  describe: ({ nodes, roles }) =>
    `wait until all ${nodes.length} nodes agree about slots${roles ? ' and replicas' : ''}`,
  // Who is only told may have gone: the others can do without it.
  needs: () => [],
  whyNot: () => [],
  parse: (fields) => ({ kind: 'wait-agreement', nodes: fields.nodes('nodes'), roles: fields.flag('roles') }),
};

export const waitServingKind: StepKind<WaitServing> = {
  describe: () => 'wait until every master serves clients and every replica has its link',
  needs: ({ nodes }) => nodes,
  whyNot: () => [],
  parse: (fields) => ({ kind: 'wait-serving', nodes: fields.nodes('nodes') }),
};
