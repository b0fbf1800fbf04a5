/**
 * Owns the output for people and for scripts that read what people read: the lines of redis-trib and redis-cli. What
 * moves on a terminal is live-view.ts's, which puts itself above this.
 */
import type { Finished, TribEvent } from '../../execute/events.ts';
import type { Plan, Step } from '../../plan/plan.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';
import { checkLines } from './check-lines.ts';
import { clusterInfoLines } from './node-lines.ts';
import { linesOf, type UsualLines, usualLines } from './operation-lines.ts';
import { stepLines } from './plan-lines.ts';
import type { Operation, View } from './view.ts';

/** A dot for each key, as redis-cli prints, but not a million of them. */
const mostDots = 100;

export class HumanView implements View {
  readonly #session: Session;
  /** Kinds of steps whose beginning was told. */
  readonly #told = new Set<Step['kind']>();
  readonly #operation: Operation;
  readonly #lines: UsualLines;
  readonly #progress: ((event: TribEvent) => string) | undefined;
  readonly #replies = { ok: 0, failed: 0 };
  #lineIsOpen = false;
  #waitsForJoin = false;
  #refusesClients = false;
  #lastRetry = '';
  #plan: Plan | undefined;

  constructor(session: Session, operation: Operation) {
    this.#session = session;
    this.#operation = operation;
    this.#lines = linesOf(operation);
    this.#progress = session.isTerminal ? undefined : this.#lines.progress?.();
  }

  show(event: TribEvent): void {
    this.#writeOn(this.#progress?.(event) ?? '');
    switch (event.type) {
      case 'checked':
        this.#checked(event);
        break;
      case 'planned':
        this.#planned(event);
        break;
      case 'plan-saved':
        this.#print(`The plan is saved: ${event.file}`);
        break;
      case 'step-started':
        this.#stepStarted(event.step);
        break;
      case 'step-finished':
        if (joins(event.step)) this.#waitsForJoin = false;
        if (this.#progress === undefined) this.pause();
        break;
      case 'waiting':
        if (this.#waitsForJoin) this.#dot();
        break;
      case 'slot-moved': {
        if (this.#progress !== undefined) break;
        const ends = `from ${formatAddress(event.source)} to ${formatAddress(event.target)}`;
        const dots =
          event.keys > mostDots ? `${'.'.repeat(mostDots)} (${event.keys} keys)` : '.'.repeat(event.keys);
        this.#print(`Moving slot ${event.slot} ${ends}: ${dots}`);
        break;
      }
      case 'retrying':
        this.#retrying(`*** ${formatAddress(event.node)}: ${event.reason} (trying again)`);
        break;
      case 'replied':
        this.#replies[event.ok ? 'ok' : 'failed']++;
        this.#print(...this.#lines.replied(event, this.#session));
        break;
      case 'note':
        this.#print(noteLine(event, this.#session));
        break;
      case 'finished':
        this.#finished(event);
        break;
      default:
        this.#print(...this.#lines.event(event, this.#session));
    }
  }

  pause(): void {
    if (!this.#lineIsOpen) return;
    this.#session.write('\n');
    this.#lineIsOpen = false;
  }

  #print(...lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.pause();
    this.#session.write(`${lines.join('\n')}\n`);
  }

  #writeOn(text: string): void {
    if (text === '') return;
    this.#session.write(text);
    this.#lineIsOpen = !text.endsWith('\n');
  }

  #dot(): void {
    this.#session.write('.');
    this.#lineIsOpen = true;
  }

  #checked({ topology, findings }: TribEvent & { type: 'checked' }): void {
    const { paint } = this.#session;
    // `trib up` has a summary of its own.
    if (this.#operation === 'up') return;
    if (this.#operation === 'check') this.#print(...clusterInfoLines(topology, paint));
    this.#print(...checkLines(topology, findings, paint, !this.#lines.checksQuietly));
    this.#refusesClients = findings.some(({ kind }) => kind === 'not-serving');
  }

  #planned({ plan, topology }: TribEvent & { type: 'planned' }): void {
    this.#plan = plan;
    this.#print(...this.#lines.planned(plan, topology, this.#session));
  }

  /** Once for as long as it is the same. */
  #retrying(line: string): void {
    if (line !== this.#lastRetry) this.#print(this.#session.paint('yellow', line));
    this.#lastRetry = line;
  }

  #stepStarted(step: Step): void {
    this.#waitsForJoin = joins(step);
    const first = !this.#told.has(step.kind);
    this.#told.add(step.kind);
    this.#print(...this.#lines.stepStarted(step, first, this.#session));
  }

  #finished(event: Finished): void {
    const { outcome } = event;
    this.pause();
    this.#print(...this.#lines.finished(event, this.#session, this.#replies));
    if (this.#operation === 'create' && this.#refusesClients) {
      this.#print('New masters serve clients after their node timeout, at most 5 s; --wait waits for that.');
    }
    if (outcome === 'declined') this.#print('Nothing was changed.');
    if (outcome === 'planned') {
      if (this.#plan !== undefined && this.#lines.planned !== usualLines.planned)
        this.#print(...stepLines(this.#plan));
      this.#print('Nothing was changed: this was a dry run.');
    }
  }
}

/** Steps that redis-cli prints a dot for while they wait. */
function joins({ kind }: Step): boolean {
  return kind === 'wait-joined' || kind === 'join';
}

function noteLine({ severity, message }: TribEvent & { type: 'note' }, { paint }: Session): string {
  return severity === 'warning'
    ? paint('yellow', `[WARNING] ${message}`)
    : paint('cyan', `[NOTE] ${message}`);
}
