/**
 * Owns lists in the order of stream ids: few long runs, so that what is added at the end, found, and taken from the head or from
 * within costs little, however long the list. Source: the role of Redis's radix trees in t_stream.c.
 */
import { compareIds, type StreamId } from '../../../protocol/text/stream-id.ts';

interface Identified {
  readonly id: StreamId;
}

/** Items of a run at most. */
const RUN_SIZE = 128;
/** A run with fewer joins its neighbour. */
const SMALL_RUN = RUN_SIZE / 4;

/** The place of the first item that is not before `id`; all are in order. */
export function placeOf(items: readonly Identified[], id: StreamId): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIds((items[middle] as Identified).id, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class IdList<T extends Identified> {
  /** None of them empty. */
  readonly #runs: T[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#runs[0]?.[0];
  }

  get last(): T | undefined {
    return this.#runs.at(-1)?.at(-1);
  }

  find(id: StreamId): T | undefined {
    const found = this.atOrBefore(id);
    return found !== undefined && compareIds(found.id, id) === 0 ? found : undefined;
  }

  atOrBefore(id: StreamId): T | undefined {
    const run = this.#runs[this.#runOf(id)];
    if (run === undefined) return undefined;
    const place = placeOf(run, id);
    const item = run[place];
    return item !== undefined && compareIds(item.id, id) === 0 ? item : run[place - 1];
  }

  atOrAfter(id: StreamId): T | undefined {
    const at = Math.max(0, this.#runOf(id));
    const run = this.#runs[at];
    return run === undefined ? undefined : (run[placeOf(run, id)] ?? this.#runs[at + 1]?.[0]);
  }

  /** An item whose id is not there yet. */
  add(item: T): void {
    this.#size++;
    const { last } = this;
    if (last === undefined || compareIds(last.id, item.id) < 0) {
      this.#append(item);
      return;
    }
    const at = Math.max(0, this.#runOf(item.id));
    const run = this.#runs[at] as T[];
    run.splice(placeOf(run, item.id), 0, item);
    if (run.length > RUN_SIZE) this.#runs.splice(at + 1, 0, run.splice(RUN_SIZE / 2));
  }

  /** Whether it was there. */
  delete(id: StreamId): boolean {
    const at = this.#runOf(id);
    const run = this.#runs[at];
    if (run === undefined) return false;
    const place = placeOf(run, id);
    const item = run[place];
    if (item === undefined || compareIds(item.id, id) !== 0) return false;
    run.splice(place, 1);
    this.#size--;
    if (run.length === 0) this.#runs.splice(at, 1);
    else if (run.length < SMALL_RUN && !this.#join(at)) this.#join(at - 1);
    return true;
  }

  /** From the first item that is not before `id`. The list must not change meanwhile. */
  *from(id: StreamId): IterableIterator<T> {
    const first = Math.max(0, this.#runOf(id));
    for (let at = first; at < this.#runs.length; at++) {
      const run = this.#runs[at] as T[];
      for (let place = at === first ? placeOf(run, id) : 0; place < run.length; place++)
        yield run[place] as T;
    }
  }

  /** From the last item that is not behind `id` to the first. The list must not change meanwhile. */
  *backFrom(id: StreamId): IterableIterator<T> {
    for (let at = this.#runOf(id); at >= 0; at--) {
      const run = this.#runs[at] as T[];
      for (let place = run.length - 1; place >= 0; place--) {
        const item = run[place] as T;
        if (compareIds(item.id, id) <= 0) yield item;
      }
    }
  }

  /** All, in order. The list must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const run of this.#runs) yield* run;
  }

  /** The last run that does not begin behind `id`; -1 when all do. */
  #runOf(id: StreamId): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(((this.#runs[middle] as T[])[0] as T).id, id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #append(item: T): void {
    const run = this.#runs.at(-1);
    if (run === undefined || run.length === RUN_SIZE) this.#runs.push([item]);
    else run.push(item);
  }

  /** Makes a run and the next one, where there are both and they fit together. */
  #join(at: number): boolean {
    const run = this.#runs[at];
    const next = this.#runs[at + 1];
    if (run === undefined || next === undefined || run.length + next.length > RUN_SIZE) return false;
    for (const item of next) run.push(item);
    this.#runs.splice(at + 1, 1);
    return true;
  }
}
