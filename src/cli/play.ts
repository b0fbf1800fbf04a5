/**
 * Owns the running of an operation before a view: events to the view, signals to the operation, and what the process
 * exits with. When it ends early, the operator is told what is left and how to go on.
 */
import { exitCodes, TribError } from '../core/errors.ts';
import type { Finished, TribEvent } from '../execute/events.ts';
import type { OperationOptions } from '../execute/operations/options.ts';
import type { Plan, Step } from '../plan/plan.ts';
import { SlotSet } from '../protocol/slots/slot-set.ts';
import { SOURCE_PASSWORD } from './environment.ts';
import { goOnCommand, slotsLeft, stepsLeft } from './go-on.ts';
import { Interrupts } from './interrupts.ts';
import { Journal } from './journal.ts';
import { writePlan } from './plan-store.ts';
import type { Session } from './session.ts';
import { type Operation, viewFor } from './views/view.ts';

export interface PlayOptions {
  readonly operation: Operation;
  /** Where the operator wants the plan to be kept before its first effect; the journal keeps it in any case. */
  readonly planFile?: string | undefined;
  /** Nothing is changed: the plan is kept only where the operator wants it. */
  readonly dryRun?: boolean;
  /** Where the plan is kept already: it was read from there. */
  readonly planOrigin?: string | undefined;
  /** Asks the operator to approve the plan; undefined: it is approved. */
  readonly approve?: ((plan: Plan) => Promise<boolean>) | undefined;
}

/** Runs what `begin` makes of the options, and sets the exit code of the process. Throws what the operation throws. */
export async function play(
  session: Session,
  { operation, planFile, dryRun = false, planOrigin, approve }: PlayOptions,
  begin: (options: OperationOptions) => AsyncGenerator<TribEvent, void>,
): Promise<void> {
  const view = await viewFor(session, operation);
  const interrupts = new Interrupts((text) => {
    view.pause();
    session.writeError(`${text}\n`);
  });
  const journal = new Journal();
  const record = new Record(planOrigin, session, journal);
  const options: OperationOptions = {
    credentials: session.credentials,
    sourceCredentials: session.sourceCredentials,
    tls: session.tls,
    signal: interrupts.signal,
    savePlan: async (plan) => {
      if (planOrigin !== undefined || (dryRun && planFile === undefined)) return undefined;
      record.planFile = planFile === undefined ? await journal.keep(plan) : await writePlan(planFile, plan);
      return planFile;
    },
    ...(approve === undefined
      ? {}
      : {
          approve: (plan) => {
            view.pause();
            return approve(plan);
          },
        }),
  };
  let howToGoOn: readonly string[] = [];
  try {
    for await (const event of begin(options)) {
      interrupts.saw(event);
      record.saw(event);
      if (event.type === 'interrupted') {
        const goOn = record.goOn(event.left);
        view.show({ ...event, goOn });
        howToGoOn = [record.whatIsLeft(event.left), ...howLines(goOn, session)];
      } else view.show(event);
    }
    view.pause();
    if (session.mode === 'human' && howToGoOn.length > 0) session.writeError(`${howToGoOn.join('\n')}\n`);
    process.exitCode = exitCodeAfter(record.finished, interrupts.exitCode);
    const { planFile: kept } = record;
    if (record.finished?.outcome === 'done' && kept !== undefined && journal.holds(kept))
      journal.remove(kept);
  } catch (error) {
    view.pause();
    throw record.explain(error);
  } finally {
    view.pause();
    interrupts.close();
  }
}

function exitCodeAfter(finished: Finished | undefined, signalCode: number | undefined): number {
  if (finished?.outcome === 'interrupted') return signalCode ?? exitCodes.interrupted;
  return finished?.ok === true ? exitCodes.ok : exitCodes.failed;
}

function howLines(goOn: readonly string[], session: Session): string[] {
  if (goOn.length === 0) return [];
  const passwords = [
    ...(session.credentials === undefined ? [] : ['the password in REDISCLI_AUTH']),
    ...(session.sourceCredentials === undefined ? [] : [`that of the source in ${SOURCE_PASSWORD}`]),
  ];
  const needs = passwords.length === 0 ? '' : `, with ${passwords.join(' and ')}`;
  return [`To go on${needs}:`, `  ${goOn.join(' && \\\n  ')}`];
}

/** What has happened so far, as far as going on needs it. */
class Record {
  readonly #session: Session;
  readonly #journal: Journal;
  readonly #moved = new SlotSet();
  readonly #finishedSteps = new Set<number>();
  /** Where the plan is kept. */
  planFile: string | undefined;
  #plan: Plan | undefined;
  #began = false;
  finished: Finished | undefined;

  constructor(planFile: string | undefined, session: Session, journal: Journal) {
    this.planFile = planFile;
    this.#session = session;
    this.#journal = journal;
  }

  saw(event: TribEvent): void {
    switch (event.type) {
      case 'planned':
        this.#plan = event.plan;
        break;
      case 'step-started':
        this.#began = true;
        break;
      case 'step-finished':
        this.#finishedSteps.add(event.index);
        break;
      case 'slot-moved':
        this.#moved.add(event.slot);
        break;
      case 'finished':
        this.finished = event;
        break;
    }
  }

  whatIsLeft(left: readonly Step[]): string {
    const slots = slotsLeft(left);
    if (slots > 0) return `Ended: ${this.#moved.size} slots were moved, ${slots} are left.`;
    return `Ended: ${left.length} ${left.length === 1 ? 'step is' : 'steps are'} left.`;
  }

  goOn(left: readonly Step[]): string[] {
    const plan = this.#plan;
    if (plan === undefined || left.length === 0) return [];
    const file = this.planFile;
    if (file === undefined) return [];
    return [goOnCommand(plan, this.#journal.holds(file) ? undefined : file, this.#session.accessWords)];
  }

  /** An error in the middle, with what is left and how to go on. */
  explain(error: unknown): unknown {
    const plan = this.#plan;
    if (!(error instanceof TribError) || plan === undefined || !this.#began) return error;
    const left = stepsLeft(plan, this.#moved, this.#finishedSteps);
    const hint = [error.hint, this.whatIsLeft(left), ...howLines(this.goOn(left), this.#session)];
    return new TribError(error.code, error.message, {
      hint: hint.filter((line) => line !== undefined).join('\n'),
      cause: error,
    });
  }
}
