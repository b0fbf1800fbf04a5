/**
 * Owns what a plan of a change is: plain data, versioned, made of steps that an operator would recognise. Holds no
 * password. How a step is carried out is the executor's; plan-file.ts reads and writes plans.
 */
import type { AntiAffinity } from '../cluster/placement.ts';
import type { ClusterNode } from '../cluster/topology.ts';
import { formatRanges, type SlotRange } from '../protocol/slots/slot-set.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';

export const PLAN_VERSION = 1;

export interface NodeRef {
  readonly id: string;
  readonly address: Address;
  /** Where it listens for other nodes. */
  readonly busPort: number;
}

export interface AssignSlots {
  readonly kind: 'assign-slots';
  readonly node: NodeRef;
  readonly slots: readonly SlotRange[];
}

/** A config epoch of its own for each node of a new cluster, so that none collide. */
export interface SetConfigEpoch {
  readonly kind: 'set-config-epoch';
  readonly node: NodeRef;
  readonly epoch: number;
}

/** Every one of the nodes is to know every other. */
export interface Meet {
  readonly kind: 'meet';
  readonly nodes: readonly NodeRef[];
}

export interface WaitJoined {
  readonly kind: 'wait-joined';
  readonly nodes: readonly NodeRef[];
}

export interface Replicate {
  readonly kind: 'replicate';
  readonly node: NodeRef;
  readonly master: NodeRef;
}

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

export interface MoveSlots {
  readonly kind: 'move-slots';
  readonly source: NodeRef;
  readonly target: NodeRef;
  readonly slots: readonly SlotRange[];
}

export type Step =
  | AssignSlots
  | SetConfigEpoch
  | Meet
  | WaitJoined
  | Replicate
  | WaitAgreement
  | WaitServing
  | MoveSlots;

/** How keys are moved. */
export interface MoveOptions {
  /** MIGRATE's timeout: the longest pause between two bytes of the talk between source and target. */
  readonly timeoutMs: number;
  /** Keys in one MIGRATE; undefined: as many as keep it short, by measured time. */
  readonly pipeline: number | undefined;
  /** Keys that the target holds already are overwritten. */
  readonly replace: boolean;
}

export interface CreatePlan {
  readonly version: typeof PLAN_VERSION;
  readonly operation: 'create';
  readonly seed: Address;
  readonly replicas: number;
  readonly antiAffinity: AntiAffinity;
  readonly steps: readonly Step[];
}

export interface ReshardPlan {
  readonly version: typeof PLAN_VERSION;
  readonly operation: 'reshard';
  readonly seed: Address;
  /** Slots asked for; by the rounding of shares the steps may hold fewer. */
  readonly slots: number;
  readonly options: MoveOptions;
  readonly steps: readonly Step[];
}

export type Plan = CreatePlan | ReshardPlan;

export const defaultMoveOptions: MoveOptions = { timeoutMs: 60_000, pipeline: undefined, replace: false };

export function refTo({ id, address, busPort }: ClusterNode): NodeRef {
  return { id, address: { host: address.host, port: address.port }, busPort };
}

/** One step in the words of an operator. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'assign-slots':
      return `assign slots ${formatRanges(step.slots, ',')} to ${nameOf(step.node)}`;
    case 'set-config-epoch':
      return `set the config epoch of ${nameOf(step.node)} to ${step.epoch}`;
    case 'meet':
      return `introduce ${step.nodes.map(nameOf).join(', ')} to each other`;
    case 'wait-joined':
      return `wait until all ${step.nodes.length} nodes know each other`;
    case 'replicate':
      return `make ${nameOf(step.node)} a replica of ${nameOf(step.master)}`;
    case 'wait-agreement':
      return `wait until all ${step.nodes.length} nodes agree about slots${step.roles ? ' and replicas' : ''}`;
    case 'wait-serving':
      return 'wait until every master serves clients and every replica has its link';
    case 'move-slots':
      return `move slots ${formatRanges(step.slots, ',')} from ${nameOf(step.source)} to ${nameOf(step.target)}`;
  }
}

function nameOf({ address }: NodeRef): string {
  return formatAddress(address);
}
