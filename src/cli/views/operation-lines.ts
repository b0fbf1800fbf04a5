/**
 * Owns what a person reads about each operation beside what all have in common: how its plan is shown, what is said
 * as its steps begin, and at its end. Operations without a row show their steps in words.
 */
import type { Topology } from '../../cluster/topology.ts';
import type { Finished, TribEvent } from '../../execute/events.ts';
import type { Plan, Step } from '../../plan/plan.ts';
import type { Session } from '../session.ts';
import { backupLines } from './backup-lines.ts';
import { comparedLines, topologyLines } from './compared-lines.ts';
import { createLines } from './create-lines.ts';
import { fixLines } from './fix-lines.ts';
import { importLines } from './import-lines.ts';
import {
  addNodeLines,
  delNodeLines,
  drainLines,
  failoverLines,
  type ReplyCounts,
  replaceNodeLines,
  replyLine,
  setTimeoutLines,
  waitLines,
} from './membership-lines.ts';
import { startLines, stepLines } from './plan-lines.ts';
import { rebalanceLines } from './rebalance-lines.ts';
import { reshardLines } from './reshard-lines.ts';
import { restoreLines } from './restore-lines.ts';
import { checkEvent } from './slot-report-lines.ts';
import type { Operation } from './view.ts';

export interface OperationLines {
  planned?(plan: Plan, topology: Topology, session: Session): string[];
  /** `first`: no step of this kind has begun before. */
  stepStarted?(step: Step, first: boolean, session: Session): string[];
  finished?(event: Finished, session: Session, replies: ReplyCounts): string[];
  replied?(event: TribEvent & { type: 'replied' }, session: Session): string[];
  /** Made for each run where lines grow while slots move: the text that an event adds, as it is. */
  progress?(): (event: TribEvent) => string;
  /** A check before it tells no nodes. */
  readonly checksQuietly?: boolean;
  /** For events that only some operations have. */
  event?(event: TribEvent, session: Session): string[];
}

const rows: { readonly [Name in Operation]?: OperationLines } = {
  backup: backupLines,
  import: importLines,
  restore: restoreLines,
  'add-node': addNodeLines,
  create: { ...createLines, ...comparedLines },
  diff: comparedLines,
  'del-node': delNodeLines,
  drain: drainLines,
  failover: failoverLines,
  check: { event: checkEvent },
  fix: fixLines,
  rebalance: rebalanceLines,
  'replace-node': replaceNodeLines,
  reshard: reshardLines,
  'set-timeout': setTimeoutLines,
  topology: topologyLines,
  wait: waitLines,
  // Its command shows it as a whole.
  up: { planned: () => [], stepStarted: createLines.stepStarted },
};

export type UsualLines = Required<Omit<OperationLines, 'progress'>> & Pick<OperationLines, 'progress'>;

export const usualLines: UsualLines = {
  planned: (plan) => stepLines(plan),
  stepStarted: (step, _, session) => startLines(step, session),
  finished: () => [],
  replied: replyLine,
  checksQuietly: false,
  event: () => [],
};

export function linesOf(operation: Operation): UsualLines {
  return { ...usualLines, ...rows[operation] };
}
