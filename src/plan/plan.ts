/**
 * Owns what a plan of a change is: plain data, versioned, made of steps that an operator would recognise. Holds no
 * password. What a step is to a plan is in steps/, how it is carried out is the executor's; plan-file.ts reads and
 * writes plans.
 */
import type { AntiAffinity } from '../cluster/placement.ts';
import type { Address } from '../protocol/text/addresses.ts';
import type { Step } from './steps/kinds.ts';
import type { NodeRef } from './steps/step-kind.ts';

export type { AssignSlots } from './steps/assign-slots.ts';
export type { AnnounceSlots, DropClaim, TakeSlots } from './steps/claims.ts';
export type { GatherKeys } from './steps/gather-keys.ts';
export type { ImportKeys } from './steps/import-keys.ts';
export { describeStep, type Step } from './steps/kinds.ts';
export type { Meet, WaitJoined } from './steps/meet.ts';
export type { MoveSlots } from './steps/move-slots.ts';
export type { CloseSlots, OpenSlots } from './steps/open-slots.ts';
export type { Replicate } from './steps/replicate.ts';
export type { LoadFunctions, RestoreFiles } from './steps/restore-files.ts';
export type { SetConfigEpoch } from './steps/set-config-epoch.ts';
export { type NodeRef, nameOfRef, refTo } from './steps/step-kind.ts';
export type { WaitAgreement, WaitServing } from './steps/waits.ts';

export const PLAN_VERSION = 2;

/** How keys are moved. */
export interface MoveOptions {
  /** MIGRATE's timeout: the longest pause between two bytes of the talk between source and target. */
  readonly timeoutMs: number;
  /** Keys in one MIGRATE; undefined: as many as keep it short, by measured time. */
  readonly pipeline: number | undefined;
  /** Keys that the target holds already are overwritten. */
  readonly replace: boolean;
  /** How long one MIGRATE may hold up the clients of its source. */
  readonly maxPauseMs: number;
  readonly bigKeys: BigKeys;
  /** For all moves together; undefined: as many as go. */
  readonly keysPerSecond: number | undefined;
  readonly engine: Engine;
}

/**
 * What happens to a key that alone holds up its master for longer than maxPauseMs. "alone": it is sent by itself. "skip":
 * it stays, and its slot stays open. "refuse": nothing is moved where there is one.
 */
export const bigKeysPolicies = ['alone', 'skip', 'refuse'] as const;
export type BigKeys = (typeof bigKeysPolicies)[number];

/** "migrate": key by key, which every server knows. "atomic": by the servers themselves. "auto": that where all offer it. */
export const engines = ['auto', 'migrate', 'atomic'] as const;
export type Engine = (typeof engines)[number];

export const defaultMoveOptions: MoveOptions = {
  timeoutMs: 60_000,
  pipeline: undefined,
  replace: false,
  maxPauseMs: 5,
  bigKeys: 'alone',
  keysPerSecond: undefined,
  engine: 'auto',
};

/** Every operation that changes a cluster by a plan. */
export const planOperations = [
  'create',
  'reshard',
  'rebalance',
  'add-node',
  'del-node',
  'drain',
  'replace-node',
  'failover',
  'set-timeout',
  'fix',
  'restore',
  'import',
  'topology',
] as const;

export type PlanOperation = (typeof planOperations)[number];

interface AnyPlan {
  readonly version: typeof PLAN_VERSION;
  /** A node of the cluster that stays in it. */
  readonly seed: Address;
  readonly options: MoveOptions;
  readonly steps: readonly Step[];
}

export interface CreatePlan extends AnyPlan {
  readonly operation: 'create';
  readonly replicas: number;
  readonly antiAffinity: AntiAffinity;
}

export interface ReshardPlan extends AnyPlan {
  readonly operation: 'reshard';
  /** Slots asked for; by the rounding of shares the steps may hold fewer. */
  readonly slots: number;
}

/** What masters are balanced by. */
export const balanceUnits = ['slots', 'keys', 'memory'] as const;
export type BalanceUnit = (typeof balanceUnits)[number];

/** What a master has, and comes to have; in slots, keys or bytes. */
export interface PlannedShare {
  readonly node: NodeRef;
  readonly weight: number;
  readonly before: number;
  readonly after: number;
  /** It stays farther from its share than the threshold, since a slot cannot be divided. */
  readonly isOff: boolean;
}

export interface RebalancePlan extends AnyPlan {
  readonly operation: 'rebalance';
  readonly by: BalanceUnit;
  readonly thresholdPercent: number;
  /** Every master that takes part. */
  readonly shares: readonly PlannedShare[];
}

export interface AddNodePlan extends AnyPlan {
  readonly operation: 'add-node';
  /** The master of the new replica was not named. */
  readonly masterChosen: boolean;
}

/** A plan that says all there is to say by its steps. */
export interface PlainPlan extends AnyPlan {
  readonly operation: Exclude<PlanOperation, 'create' | 'reshard' | 'rebalance' | 'add-node'>;
}

export type Plan = CreatePlan | ReshardPlan | RebalancePlan | AddNodePlan | PlainPlan;
