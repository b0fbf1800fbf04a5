/** Owns the lines about what differs between a topology file and a cluster. */
import type { TribEvent } from '../../execute/events.ts';
import type { DifferenceKind } from '../../plan/compare-layout.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Session } from '../session.ts';
import { stepLines } from './plan-lines.ts';

/** As a person reads a patch: what is to come, what is too much, what is otherwise. */
const signs: Readonly<Record<DifferenceKind, '+' | '-' | '~'>> = {
  missing: '+',
  extra: '-',
  unreachable: '~',
  role: '~',
  master: '~',
  slots: '~',
};
const colours = { '+': 'green', '-': 'red', '~': 'yellow' } as const;

export const comparedLines = { event: linesOf };

export const topologyLines = {
  ...comparedLines,
  planned: (plan: Plan): string[] => (plan.steps.length === 0 ? [] : stepLines(plan)),
};

function linesOf(event: TribEvent, { paint }: Session): string[] {
  if (event.type !== 'compared') return [];
  const notes = event.notes.map((note) => paint('cyan', `[NOTE] ${note}`));
  if (event.differences.length === 0) {
    return [paint('green', '[OK] The cluster is as the topology file has it.'), ...notes];
  }
  const lines = event.differences.map(({ kind, message }) =>
    paint(colours[signs[kind]], `  ${signs[kind]} ${message}`),
  );
  return [paint('bold', '>>> The cluster differs from the topology file:'), ...lines, ...notes];
}
