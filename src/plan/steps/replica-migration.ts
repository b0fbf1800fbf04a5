/**
 * Owns the step that says whether a master which gives its last slot becomes a replica of who took it, as a part of a
 * plan: the directive cluster-allow-replica-migration.
 */
import { type NodeRef, nameOfRef, type StepKind } from './step-kind.ts';

export interface ReplicaMigration {
  readonly kind: 'replica-migration';
  readonly node: NodeRef;
  readonly allow: boolean;
}

export const replicaMigrationKind: StepKind<ReplicaMigration> = {
  describe: ({ node, allow }) =>
    allow
      ? `set cluster-allow-replica-migration of ${nameOfRef(node)} back to yes`
      : `set cluster-allow-replica-migration of ${nameOfRef(node)} to no for this time, so that it stays a master`,
  needs: ({ node }) => [node],
  whyNot: () => [],
  parse: (fields) => ({ kind: 'replica-migration', node: fields.node('node'), allow: fields.flag('allow') }),
};
