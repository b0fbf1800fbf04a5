/**
 * Owns the one stream of writes that replicas (and the AOF) read: what one command, transaction or script changed goes
 * out together, as MULTI ... EXEC when it is more than one write.
 * Source: Redis server.c alsoPropagate, propagatePendingCommands.
 */
import type { Propagation } from '../parts/node.ts';

type Listener = (dbIndex: number, argv: readonly string[]) => void;

interface Write {
  readonly dbIndex: number;
  readonly argv: readonly string[];
}

const MULTI = ['MULTI'];
const EXEC = ['EXEC'];

export class PropagationStream implements Propagation {
  #listeners: readonly Listener[] = [];
  #depth = 0;
  #pending: Write[] = [];

  /** While the data set is loaded nothing is fed: what is in the files is no new write. */
  muted = false;

  /** Whether anybody listens: nothing need be collected otherwise. */
  get wanted(): boolean {
    return this.#listeners.length > 0 && !this.muted;
  }

  /** Whether a transaction or a script runs: its writes so far have not gone out yet. */
  get nested(): boolean {
    return this.#depth > 1;
  }

  /** What is fed until the matching `leave` belongs together. */
  enter(): void {
    this.#depth++;
  }

  /** `together` false: what was fed goes out write by write, though there be several. */
  leave(together = true): void {
    if (--this.#depth > 0 || this.#pending.length === 0) return;
    const writes = this.#pending;
    this.#pending = [];
    if (together) this.#emitTogether(writes);
    else for (const { dbIndex, argv } of writes) this.#emit(dbIndex, argv);
  }

  feed(dbIndex: number, argv: readonly string[]): void {
    if (!this.wanted) return;
    if (this.#depth > 0) this.#pending.push({ dbIndex, argv });
    else this.#emit(dbIndex, argv);
  }

  feedTransaction(dbIndex: number, commands: readonly (readonly string[])[]): void {
    this.enter();
    for (const argv of commands) this.feed(dbIndex, argv);
    this.leave();
  }

  subscribe(fn: Listener): () => void {
    this.#listeners = [...this.#listeners, fn];
    return () => {
      this.#listeners = this.#listeners.filter((listener) => listener !== fn);
    };
  }

  #emitTogether(writes: readonly Write[]): void {
    const first = writes[0] as Write;
    if (writes.length > 1) this.#emit(first.dbIndex, MULTI);
    for (const { dbIndex, argv } of writes) this.#emit(dbIndex, argv);
    if (writes.length > 1) this.#emit((writes.at(-1) as Write).dbIndex, EXEC);
  }

  #emit(dbIndex: number, argv: readonly string[]): void {
    for (const listener of this.#listeners) listener(dbIndex, argv);
  }
}
