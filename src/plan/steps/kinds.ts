/** Owns the table of all kinds of steps: one row each. */
import { type AssignSlots, assignSlotsKind } from './assign-slots.ts';
import {
  type AnnounceSlots,
  announceSlotsKind,
  type DropClaim,
  dropClaimKind,
  type TakeSlots,
  takeSlotsKind,
} from './claims.ts';
import { type CopyFunctions, copyFunctionsKind } from './copy-functions.ts';
import { type Failover, failoverKind, type TakeOver, takeOverKind } from './failover.ts';
import { type Forget, forgetKind } from './forget.ts';
import { type GatherKeys, gatherKeysKind } from './gather-keys.ts';
import { type ImportKeys, importKeysKind } from './import-keys.ts';
import { type Join, joinKind } from './join.ts';
import { type Meet, meetKind, type WaitJoined, waitJoinedKind } from './meet.ts';
import { type MoveSlots, moveSlotsKind } from './move-slots.ts';
import { type CloseSlots, closeSlotsKind, type OpenSlots, openSlotsKind } from './open-slots.ts';
import { type Release, releaseKind } from './release.ts';
import { type ReplicaMigration, replicaMigrationKind } from './replica-migration.ts';
import { type Replicate, replicateKind } from './replicate.ts';
import { type Reset, resetKind } from './reset.ts';
import {
  type LoadFunctions,
  loadFunctionsKind,
  type RestoreFiles,
  restoreFilesKind,
} from './restore-files.ts';
import { type SetConfigEpoch, setConfigEpochKind } from './set-config-epoch.ts';
import { type SetNodeTimeout, setNodeTimeoutKind } from './set-node-timeout.ts';
import type { StepKind } from './step-kind.ts';
import { type WaitReplicaSync, waitReplicaSyncKind } from './wait-replica-sync.ts';
import { type WaitAgreement, type WaitServing, waitAgreementKind, waitServingKind } from './waits.ts';

export type Step =
  | AssignSlots
  | SetConfigEpoch
  | Meet
  | WaitJoined
  | Replicate
  | WaitAgreement
  | WaitServing
  | MoveSlots
  | CopyFunctions
  | Failover
  | TakeOver
  | Forget
  | Join
  | ReplicaMigration
  | Release
  | Reset
  | SetNodeTimeout
  | WaitReplicaSync
  | OpenSlots
  | CloseSlots
  | TakeSlots
  | DropClaim
  | AnnounceSlots
  | GatherKeys
  | LoadFunctions
  | RestoreFiles
  | ImportKeys;

export type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>;

const stepKinds: { readonly [Kind in Step['kind']]: StepKind<StepOf<Kind>> } = {
  'assign-slots': assignSlotsKind,
  'set-config-epoch': setConfigEpochKind,
  meet: meetKind,
  'wait-joined': waitJoinedKind,
  replicate: replicateKind,
  'wait-agreement': waitAgreementKind,
  'wait-serving': waitServingKind,
  'move-slots': moveSlotsKind,
  'copy-functions': copyFunctionsKind,
  failover: failoverKind,
  'take-over': takeOverKind,
  forget: forgetKind,
  join: joinKind,
  'replica-migration': replicaMigrationKind,
  release: releaseKind,
  reset: resetKind,
  'set-node-timeout': setNodeTimeoutKind,
  'wait-replica-sync': waitReplicaSyncKind,
  'open-slots': openSlotsKind,
  'close-slots': closeSlotsKind,
  'take-slots': takeSlotsKind,
  'drop-claim': dropClaimKind,
  'announce-slots': announceSlotsKind,
  'gather-keys': gatherKeysKind,
  'load-functions': loadFunctionsKind,
  'restore-files': restoreFilesKind,
  'import-keys': importKeysKind,
};

/** The row of a step. */
export function kindOf<S extends Step>({ kind }: S): StepKind<S> {
  // The table pairs each kind with its row; TypeScript cannot follow that through a union.
  return stepKinds[kind] as unknown as StepKind<S>;
}

/** The row of a kind that is named in a file; undefined when there is none. */
export function kindNamed(name: string): StepKind<Step> | undefined {
  return Object.hasOwn(stepKinds, name)
    ? (stepKinds[name as Step['kind']] as unknown as StepKind<Step>)
    : undefined;
}

/** One step in the words of an operator. */
export function describeStep(step: Step): string {
  return kindOf(step).describe(step);
}
