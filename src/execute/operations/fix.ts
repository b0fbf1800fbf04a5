/**
 * Owns the operation that repairs the slots of a cluster: look, plan, carry out, and look again, until nothing is left
 * that can be repaired. What cannot is told: keys with different values on two nodes, unless the operator has
 * said which count. Usable without any command line.
 */
import { type Finding, findProblems, hasErrors } from '../../cluster/health.ts';
import { type SlotFacts, slotsInDoubt, slotsWithStrays } from '../../cluster/slot-facts.ts';
import { reportSlots } from '../../cluster/slot-report.ts';
import type { Topology } from '../../cluster/topology.ts';
import { TribError } from '../../core/errors.ts';
import { escapeBytes } from '../../core/escape.ts';
import { type FixRequest, planFix } from '../../plan/fix.ts';
import { defaultMoveOptions, type MoveOptions, type Plan } from '../../plan/plan.ts';
import { formatRanges, rangesOf, SlotSet } from '../../protocol/slots/slot-set.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { Finished, TribEvent } from '../events.ts';
import { KeysDiffer } from '../keys-differ.ts';
import { askSlotFacts } from '../slot-facts.ts';
import { survey } from '../survey.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, type Tools, withTools } from './options.ts';

export interface FixOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  /** Gather keys that lie on masters which do not own their slots, wherever they are. */
  readonly searchOwners?: boolean;
  /** Give the slots of masters that do not answer to others. */
  readonly withUnreachable?: boolean;
  /** `replace`: where two nodes hold different values for a key, the value of the one that serves it counts. */
  readonly moveOptions?: MoveOptions;
}

/** A round that leaves slots alone because of their keys makes another one needed; more than this is no progress. */
const mostRounds = 100;

/**
 * Ends with a "finished" event, `ok` when the last look found nothing wrong. Throws a TribError: "unsafe" before
 * anything is changed when masters with slots do not answer, and others.
 */
export function fix(options: FixOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, (tools) => new Repair(tools, options).run());
}

interface Look {
  readonly topology: Topology;
  readonly findings: readonly Finding[];
  readonly facts: SlotFacts;
}

class Repair {
  readonly #tools: Tools;
  readonly #options: FixOptions;
  /** Slots with keys that differ: they stay as they are. */
  readonly #left = new SlotSet();
  #replicasFail = false;
  readonly #startMs: number;
  #slots = 0;
  #keys = 0;

  constructor(tools: Tools, options: FixOptions) {
    this.#tools = tools;
    this.#options = options;
    this.#startMs = tools.clock.monotonicMs();
  }

  async *run(): AsyncGenerator<TribEvent, void> {
    let before = '';
    for (let round = 1; ; round++) {
      const look = await this.#look();
      yield { type: 'checked', topology: look.topology, findings: look.findings };
      const plan = planFix(look.topology, look.facts, this.#request());
      const steps = JSON.stringify(plan.steps);
      if (plan.steps.length === 0 || steps === before || round > mostRounds) {
        yield* this.#end(look, plan);
        return;
      }
      before = steps;
      const finished = yield* this.#carryOut(plan, look, round === 1);
      if (finished !== undefined && finished.outcome !== 'done') {
        yield { ...finished, ...this.#sums(), ok: finished.ok };
        return;
      }
    }
  }

  #request(): FixRequest {
    return {
      searchOwners: this.#options.searchOwners ?? false,
      withUnreachable: this.#options.withUnreachable ?? false,
      options: this.#options.moveOptions ?? defaultMoveOptions,
      withoutReplicas: this.#replicasFail,
      leave: this.#left,
    };
  }

  async #look(): Promise<Look> {
    const topology = await survey(this.#tools.pool, this.#options.seeds);
    const facts = await askSlotFacts(this.#tools.pool, topology, true);
    return { topology, findings: findProblems(topology), facts };
  }

  /**
   * Undefined when keys that differ ended it early: then their slots are left out of the next round. Only the first
   * plan is approved and kept: those after it finish what it began.
   */
  async *#carryOut(
    plan: Plan,
    { topology }: Look,
    first: boolean,
  ): AsyncGenerator<TribEvent, Finished | undefined> {
    const { approve, savePlan, ...rest } = this.#options;
    const options: OperationOptions = first ? this.#options : rest;
    const events = carryOut(plan, topology, this.#tools, options);
    let began = false;
    try {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) return value;
        if (value.type === 'step-started' && !began) {
          began = true;
          yield fixingEvent(topology, plan);
        }
        if (value.type === 'slot-moved') this.#slots++;
        if (value.type === 'keys-moved') this.#keys += value.keys;
        yield value;
      }
    } catch (error) {
      if (this.#givesUpReplicas(error, plan)) {
        yield { type: 'note', severity: 'warning', message: error.message };
        return undefined;
      }
      if (!(error instanceof KeysDiffer)) throw error;
      for (const { slot, keys, nodes } of error.found) {
        this.#left.add(slot);
        yield { type: 'keys-differ', slot, keys: keys.map(escapeBytes), nodes };
      }
      return undefined;
    }
  }

  /** A replica that cannot take over keeps nobody from giving its master's slots to others. */
  #givesUpReplicas(error: unknown, { steps }: Plan): error is TribError {
    if (!(error instanceof TribError) || this.#replicasFail) return false;
    this.#replicasFail = steps.some(({ kind }) => kind === 'failover');
    return this.#replicasFail;
  }

  /** What is left after the last round that could do anything. */
  async *#end({ topology, findings, facts }: Look, plan: Plan): AsyncGenerator<TribEvent, void> {
    const healthy = !hasErrors(findings.filter((finding) => !this.#isAccepted(finding)));
    const searched = this.#options.searchOwners ?? false;
    const doubtful = slotsInDoubt(topology);
    const strays = slotsWithStrays(topology, facts);
    if (searched) {
      const slots = reportSlots(topology, facts, new SlotSet([...doubtful, ...strays]));
      yield { type: 'slots-examined', searched, slots };
    }
    const unsearched = [...strays].filter((slot) => !doubtful.has(slot));
    if (unsearched.length > 0 && !searched) yield strayNote(unsearched);
    if (this.#left.size > 0) yield leftNote(this.#left);
    const ok = healthy && this.#left.size === 0 && plan.steps.length === 0;
    yield { type: 'finished', operation: 'fix', outcome: 'done', ok, ...this.#sums() };
  }

  /** Nodes that are away are no failure of a repair that was to do without them. */
  #isAccepted({ kind }: Finding): boolean {
    return this.#options.withUnreachable === true && (kind === 'unreachable' || kind === 'failing');
  }

  #sums(): Pick<Finished, 'slots' | 'keys' | 'tookMs'> {
    const tookMs = Math.round(this.#tools.clock.monotonicMs() - this.#startMs);
    return { slots: this.#slots, keys: this.#keys, tookMs };
  }
}

/** What the plan deals with. */
function fixingEvent(topology: Topology, { steps }: Plan): TribEvent {
  const touched = new SlotSet(
    steps.flatMap((step) => ('slots' in step ? [...SlotSet.fromRanges(step.slots)] : [])),
  );
  const inSteps = (kind: 'take-slots' | 'drop-claim'): SlotSet =>
    new SlotSet(steps.flatMap((step) => (step.kind === kind ? [...SlotSet.fromRanges(step.slots)] : [])));
  const open = new SlotSet();
  for (const { migrating, importing } of topology.nodes) {
    for (const { slot } of [...migrating, ...importing]) if (touched.has(slot)) open.add(slot);
  }
  return {
    type: 'fixing',
    open: open.ranges(),
    uncovered: inSteps('take-slots').ranges(),
    claimed: inSteps('drop-claim').ranges(),
  };
}

function strayNote(slots: readonly number[]): TribEvent {
  const message = `Keys of slots ${formatRanges(rangesOf(slots), ',')} lie on masters that do not own them; to gather them: --search-multiple-owners.`;
  return { type: 'note', severity: 'warning', message };
}

function leftNote(slots: SlotSet): TribEvent {
  const message = `Slots ${formatRanges(slots.ranges(), ',')} stay as they are, since nothing is overwritten: delete the wrong copies, or run it again with --replace, which keeps the value of the node that serves the slot.`;
  return { type: 'note', severity: 'warning', message };
}
