/** Owns the one line that tells how far something is of which several parts go on at once: files, nodes. */
import type { TribEvent } from '../../execute/events.ts';

type Progress = Extract<TribEvent, { type: 'progress' }>;

const steps = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** "12 bytes", "3.4 MB": thousands, as disks are counted. */
export function byteCount(bytes: number): string {
  let [value, step] = [bytes, 0];
  while (value >= 1000 && step < steps.length - 1) {
    value /= 1000;
    step++;
  }
  return `${step === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${steps[step]}`;
}

export class ProgressText {
  readonly #parts = new Map<string, Progress>();

  saw(event: Progress): void {
    this.#parts.set(event.of, event);
  }

  /** What is done of all parts that were heard of; undefined while nobody knows of how much. */
  get share(): number | undefined {
    const parts = [...this.#parts.values()];
    const total = parts.reduce((sum, part) => sum + (part.total ?? Number.NaN), 0);
    return total > 0 ? Math.min(1, this.#done / total) : undefined;
  }

  /** What is done of all parts: "120 MB", "1200 keys" */
  get text(): string {
    const [first] = this.#parts.values();
    return first?.unit === 'bytes' ? byteCount(this.#done) : `${this.#done} keys`;
  }

  get #done(): number {
    return [...this.#parts.values()].reduce((sum, { done }) => sum + done, 0);
  }
}
