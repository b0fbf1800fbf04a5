/**
 * Owns what a person at a terminal sees while something goes on: a spinner, a bar with what is done and what is left.
 * The lines between are human-view.ts's.
 */
import ora, { type Ora } from 'ora';
import type { Finished, TribEvent } from '../../execute/events.ts';
import { slotsInPlan } from '../../plan/reshard.ts';
import type { Session } from '../session.ts';
import { HumanView } from './human-view.ts';
import { ProgressText } from './progress-text.ts';
import type { Operation, View } from './view.ts';

const barWidth = 30;

export class LiveView implements View {
  readonly #session: Session;
  readonly #lines: HumanView;
  readonly #spinner: Ora;
  readonly #progress = { slots: 0, slotsDone: 0, keys: 0, keysDone: 0, startMs: 0 };

  readonly #parts = new ProgressText();

  constructor(session: Session, operation: Operation) {
    this.#session = session;
    this.#lines = new HumanView(session, operation);
    this.#spinner = ora({ stream: process.stdout, discardStdin: false, color: 'cyan' });
  }

  show(event: TribEvent): void {
    switch (event.type) {
      case 'slots-counted':
        this.#progress.keys += event.keys;
        this.#draw();
        break;
      case 'keys-moved':
        this.#progress.keysDone += event.keys;
        this.#draw();
        break;
      case 'slot-moved':
        this.#progress.slotsDone++;
        this.#draw();
        break;
      case 'waiting':
        this.#spin(event.example);
        break;
      case 'retrying':
        this.#spin(`${event.reason} (trying again)`);
        break;
      case 'progress':
        this.#parts.saw(event);
        this.#drawParts();
        break;
      case 'finished':
        this.#finished(event);
        break;
      default:
        this.#above(event);
    }
  }

  pause(): void {
    this.#spinner.stop();
    this.#lines.pause();
  }

  /** A line goes above what is drawn. */
  #above(event: TribEvent): void {
    const wasSpinning = this.#spinner.isSpinning;
    this.#spinner.stop();
    if (event.type === 'planned') this.#progress.slots = slotsInPlan(event.plan);
    if (event.type === 'step-started' && event.step.kind === 'move-slots')
      this.#progress.startMs ||= performance.now();
    this.#lines.show(event);
    if (wasSpinning) this.#spinner.start();
  }

  #spin(text: string): void {
    this.#spinner.text = text;
    if (!this.#spinner.isSpinning) this.#spinner.start();
  }

  #drawParts(): void {
    const { share, text } = this.#parts;
    this.#spin(share === undefined ? text : `${this.#bar(share)}  ${text}`);
  }

  /** With the share in percent behind it. */
  #bar(share: number): string {
    const full = Math.round(share * barWidth);
    const { paint } = this.#session;
    const drawn = paint('cyan', '█'.repeat(full)) + paint('dim', '░'.repeat(barWidth - full));
    return `${drawn} ${Math.floor(share * 100)}%`;
  }

  #draw(): void {
    const { slots, slotsDone, keys, keysDone, startMs } = this.#progress;
    // Keys take the time: where there are any, they tell how far it is.
    const share = keys > 0 ? Math.min(1, keysDone / keys) : slotsDone / Math.max(1, slots);
    const elapsedMs = performance.now() - startMs;
    const left = share > 0.02 && share < 1 ? `, ${duration((elapsedMs / share) * (1 - share))} left` : '';
    const counts = `${slotsDone}/${slots} slots, ${Math.min(keysDone, keys)}/${keys} keys`;
    this.#spin(`Moving slots ${this.#bar(share)}  ${counts}${left}`);
  }

  #finished(event: Finished): void {
    this.#spinner.stop();
    const { paint, write } = this.#session;
    if (event.slots > 0) {
      const done = event.outcome === 'done';
      const mark = done ? paint('green', '✔') : paint('yellow', '●');
      write(`${mark} ${event.slots} slots with ${event.keys} keys moved in ${duration(event.tookMs)}\n`);
    }
    this.#lines.show(event);
  }
}

/** "0.8 s", "2 min 5 s" */
function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
