/**
 * Owns the lines about a rebalance, as redis-cli writes them: a line for each pair of masters, and a # for each slot.
 * Pairs are worked at side by side, but shown one after the other.
 */
import { countSlots, inOrder, nameOfNode, type Topology } from '../../cluster/topology.ts';
import type { TribEvent } from '../../execute/events.ts';
import type { MoveSlots, Plan, PlannedShare, RebalancePlan } from '../../plan/plan.ts';
import { formatAddress, sameAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';

export const rebalanceLines = {
  planned,
  stepStarted: (): string[] => [],
  progress: (): ((event: TribEvent) => string) => new RebalanceProgress().textOf,
  checksQuietly: true,
};

function planned(plan: Plan, topology: Topology, { isTerminal, paint }: Session): string[] {
  if (plan.operation !== 'rebalance') return [];
  const notes = [...leftOut(plan, topology), ...offLines(plan)].map((line) =>
    paint('cyan', `[NOTE] ${line}`),
  );
  if (plan.steps.length === 0) return [paint('yellow', nothingToDo(plan)), ...notes];
  const weight = plan.shares.reduce((sum, share) => sum + share.weight, 0);
  return [
    paint('bold', `>>> Rebalancing across ${plan.shares.length} nodes. Total weight = ${weight.toFixed(2)}`),
    ...(isTerminal || plan.by !== 'slots' ? plan.shares.map((share) => shareLine(share, plan)) : []),
    ...(isTerminal ? movesOf(plan).map(headLine) : []),
    ...notes,
  ];
}

function nothingToDo({ shares, thresholdPercent }: RebalancePlan): string {
  const within = `within the ${thresholdPercent.toFixed(2)}% threshold.`;
  return shares.some(({ isOff }) => isOff)
    ? `*** Nothing can be moved that would bring all nodes ${within}`
    : `*** No rebalancing needed! All nodes are ${within}`;
}

function shareLine({ node, before, after }: PlannedShare, { by }: RebalancePlan): string {
  return `    ${formatAddress(node.address)}: ${amount(before, by)} -> ${amount(after, by)}`;
}

function offLines({ shares, by }: RebalancePlan): string[] {
  return shares
    .filter(({ isOff }) => isOff)
    .map(
      ({ node, after }) =>
        `${formatAddress(node.address)} stays at ${amount(after, by)}, farther from its share than the threshold: a slot cannot be divided.`,
    );
}

/** Who hoped for slots should know why there are none. */
function leftOut({ shares }: RebalancePlan, topology: Topology): string[] {
  return inOrder(topology)
    .filter(({ id, role }) => role === 'master' && !shares.some(({ node }) => node.id === id))
    .map((node) => `${nameOfNode(node)} has no slots, and gets none without --use-empty-masters.`);
}

function amount(value: number, by: RebalancePlan['by']): string {
  if (by !== 'memory') return `${Math.round(value)} ${by}`;
  return value < 10_000 ? `${Math.round(value)} bytes` : `${(value / 1_000_000).toFixed(2)} MB`;
}

function movesOf({ steps }: Plan): MoveSlots[] {
  return steps.filter((step) => step.kind === 'move-slots');
}

function headLine({ source, target, slots }: MoveSlots): string {
  return `Moving ${countSlots(slots)} slots from ${formatAddress(source.address)} to ${formatAddress(target.address)}`;
}

/** One pair of masters, and how many of its slots are moved. */
interface Pair {
  readonly move: MoveSlots;
  readonly count: number;
  moved: number;
}

/** What is written as slots are moved. */
class RebalanceProgress {
  #pairs: Pair[] = [];
  /** The pair that is being shown. */
  #current = 0;
  #begun = false;

  readonly textOf = (event: TribEvent): string => {
    switch (event.type) {
      case 'planned':
        this.#pairs = movesOf(event.plan).map((move) => ({ move, count: countSlots(move.slots), moved: 0 }));
        return '';
      case 'step-started':
        return event.step.kind === 'move-slots' ? this.#begin() : '';
      case 'slot-moved':
        return this.#slotMoved(event);
      case 'interrupted':
        return this.#rest(({ moved }) => moved);
      case 'finished':
        return event.outcome === 'planned' ? this.#rest(({ count }) => count) : '';
      default:
        return '';
    }
  };

  #begin(): string {
    if (this.#begun) return '';
    this.#begun = true;
    return this.#head();
  }

  #head(): string {
    const pair = this.#pairs[this.#current];
    return pair === undefined ? '' : `${headLine(pair.move)}\n${'#'.repeat(pair.moved)}`;
  }

  #slotMoved({ source, target }: TribEvent & { type: 'slot-moved' }): string {
    const index = this.#pairs.findIndex(
      ({ move }) => sameAddress(move.source.address, source) && sameAddress(move.target.address, target),
    );
    const pair = this.#pairs[index];
    if (pair === undefined) return '';
    pair.moved++;
    if (index !== this.#current) return '';
    let text = '#';
    for (let shown = pair; shown.moved === shown.count; ) {
      text += '\n';
      this.#current++;
      const next = this.#pairs[this.#current];
      if (next === undefined) break;
      text += this.#head();
      shown = next;
    }
    return text;
  }

  /** The pairs that were not shown yet, with as many signs as `slotsOf` says. */
  #rest(slotsOf: (pair: Pair) => number): string {
    const hidden = this.#pairs.slice(this.#begun ? this.#current + 1 : 0).filter((pair) => slotsOf(pair) > 0);
    if (hidden.length === 0) return '';
    const lines = hidden.map((pair) => `${headLine(pair.move)}\n${'#'.repeat(slotsOf(pair))}\n`);
    return `${this.#begun ? '\n' : ''}${lines.join('')}`;
  }
}
