/**
 * Owns the one stream of writes that replicas (and the AOF) read: what one command, transaction or script changed goes
 * out together, as MULTI ... EXEC when it is more than one write.
 * Source: Redis server.c alsoPropagate, propagatePendingCommands.
 */
import type { WriteTargets } from '../parts/dispatch.ts';
import type { Propagation } from '../parts/node.ts';

interface Listener {
  /** The bits of WriteTargets that it hears of. */
  readonly target: WriteTargets;
  readonly read: (dbIndex: number, argv: readonly string[]) => void;
}

interface Write {
  readonly dbIndex: number;
  readonly argv: readonly string[];
  readonly targets: WriteTargets;
}

const MULTI = ['MULTI'];
const EXEC = ['EXEC'];

export class PropagationStream implements Propagation {
  #listeners: readonly Listener[] = [];
  #depth = 0;
  #pending: Write[] = [];
  /** Who reads what is fed: a script may choose. */
  targets: WriteTargets = 3;

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
    else for (const { dbIndex, argv, targets } of writes) this.#emit(dbIndex, argv, targets);
  }

  feed(dbIndex: number, argv: readonly string[], audience: WriteTargets = 3): void {
    if (!this.wanted) return;
    const targets = (this.targets & audience) as WriteTargets;
    if (targets === 0) return;
    if (this.#depth > 0) this.#pending.push({ dbIndex, argv, targets });
    else this.#emit(dbIndex, argv, targets);
  }

  feedTransaction(dbIndex: number, commands: readonly (readonly string[])[]): void {
    this.enter();
    for (const argv of commands) this.feed(dbIndex, argv);
    this.leave();
  }

  subscribe(read: Listener['read'], target: WriteTargets = 3): () => void {
    const listener: Listener = { target, read };
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  #emitTogether(writes: readonly Write[]): void {
    const first = writes[0] as Write;
    if (writes.length > 1) this.#emit(first.dbIndex, MULTI, 3);
    for (const { dbIndex, argv, targets } of writes) this.#emit(dbIndex, argv, targets);
    if (writes.length > 1) this.#emit((writes.at(-1) as Write).dbIndex, EXEC, 3);
  }

  #emit(dbIndex: number, argv: readonly string[], targets: WriteTargets): void {
    for (const { target, read } of this.#listeners) if ((targets & target) !== 0) read(dbIndex, argv);
  }
}
