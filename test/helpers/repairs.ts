/** Owns the repair of broken states by trib (as an operation, in this process) and by redis-cli, and what came of it. */
import { defaultMoveOptions, fix, type TribEvent } from '../../src/index.ts';
import {
  type BrokenCluster,
  type BrokenState,
  describeState,
  isConflict,
  type Outcome,
  ownersIn,
} from './broken-states.ts';
import { redisCli } from './run.ts';

export interface Repaired {
  /** The last check was clean. */
  readonly ok: boolean;
  /** Slots of which keys were listed because they differ. */
  readonly listed: ReadonlySet<number>;
  readonly outcomes: ReadonlyMap<number, Outcome>;
}

/** The bus stays cut until no claim is left that it would settle by deleting keys. */
export async function repairWithTrib(
  cluster: BrokenCluster,
  states: ReadonlyMap<number, BrokenState>,
  replace: boolean,
  onEvent: (event: TribEvent) => void = () => {},
): Promise<Repaired> {
  const listed = new Set<number>();
  let ok = false;
  if (![...states.values()].some((state) => ownersIn(state) > 1)) cluster.bus.heal();
  const moveOptions = { ...defaultMoveOptions, timeoutMs: 5000, replace };
  for await (const event of fix({ seeds: [cluster.seed], searchOwners: true, moveOptions })) {
    onEvent(event);
    const kind = event.type === 'step-started' ? event.step.kind : 'close-slots';
    if (kind !== 'close-slots' && kind !== 'drop-claim') cluster.bus.heal();
    if (event.type === 'keys-differ') listed.add(event.slot);
    if (event.type === 'finished') ok = event.ok;
  }
  cluster.bus.heal();
  return { ok, listed, outcomes: await cluster.inspect(states) };
}

/** As an operator would: every question is answered with yes. */
export async function repairWithRedisCli(
  cluster: BrokenCluster,
  states: ReadonlyMap<number, BrokenState>,
): Promise<ReadonlyMap<number, Outcome>> {
  if (![...states.values()].some((state) => ownersIn(state) > 1)) cluster.bus.heal();
  const { host, port } = cluster.seed;
  const flags = ['--cluster-search-multiple-owners', '--cluster-yes'];
  await redisCli(['--cluster', 'fix', `${host}:${port}`, ...flags], { input: 'yes\n'.repeat(20) });
  cluster.bus.heal();
  return cluster.inspectAtRest(states);
}

/** What is wrong with a repair by trib, in words; empty when all is as promised. */
export function faultsOf(
  states: ReadonlyMap<number, BrokenState>,
  { outcomes, listed }: Repaired,
  replace: boolean,
): string[] {
  return [...states].flatMap(([slot, state]) => {
    const outcome = outcomes.get(slot);
    if (outcome === undefined) return [`slot ${slot} was not looked at`];
    const explained = isConflict(state) && !replace;
    const wrong = [
      ...(outcome.lost.length > 0 ? ['keys lost'] : []),
      ...(outcome.overwritten.length > 0 && !replace ? ['values overwritten'] : []),
      ...(explained && !listed.has(slot) ? ['keys differ and were not listed'] : []),
      ...(!explained && !outcome.repaired ? ['not repaired'] : []),
      ...(!explained && outcome.unserved.length > 0 ? ['keys not served'] : []),
    ];
    return wrong.length === 0 ? [] : [`slot ${slot}: ${wrong.join(', ')}: ${describeState(state)}`];
  });
}

/** A line of the table of what came of many states. */
export interface Tally {
  states: number;
  repaired: number;
  /** Left as they were because keys differ, or for want of a way. */
  left: number;
  keysLost: number;
  valuesOverwritten: number;
  /** Keys with one value that clients do not find afterwards, in slots that count as repaired or not. */
  keysUnserved: number;
}

export function tallyOf(outcomes: Iterable<Outcome>): Tally {
  const tally: Tally = {
    states: 0,
    repaired: 0,
    left: 0,
    keysLost: 0,
    valuesOverwritten: 0,
    keysUnserved: 0,
  };
  for (const { repaired, lost, overwritten, unserved } of outcomes) {
    tally.states++;
    if (repaired) tally.repaired++;
    else tally.left++;
    tally.keysLost += lost.length;
    tally.valuesOverwritten += overwritten.length;
    tally.keysUnserved += unserved.length;
  }
  return tally;
}

export function tableOf(rows: readonly (readonly [string, Tally])[]): string {
  const head = ['', 'states', 'repaired', 'left open', 'keys lost', 'values overwritten', 'keys not found'];
  const cells = rows.map(([name, tally]) => [
    name,
    ...[tally.states, tally.repaired, tally.left].map(String),
    ...[tally.keysLost, tally.valuesOverwritten, tally.keysUnserved].map(String),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...cells]
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n');
}
