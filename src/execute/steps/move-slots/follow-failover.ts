/**
 * Owns the ends of a move through failovers: sees that a replica has taken an end's place, ends what still waits for the
 * old master, and names the new one. What a failover forgets (MIGRATING and IMPORTING, in 7.0) is made again by who moves.
 */
import { ConnectionLost } from '../../../client/command.ts';
import { type Clock, delay } from '../../../core/clock.ts';
import { TribError } from '../../../core/errors.ts';
import type { MoveSlots, NodeRef } from '../../../plan/plan.ts';
import { SlotSet } from '../../../protocol/slots/slot-set.ts';
import { type Address, formatAddress } from '../../../protocol/text/addresses.ts';
import { askLines, isMaster, ownLineOf } from '../../cluster-nodes.ts';
import type { StepContext } from '../../context.ts';
import { closeEnds, type Ends, type Replicas } from './ends.ts';

/** The replicas of the ends are asked so often; moves that are over sooner never ask. */
const watchPauseMs = 200;
const followPauseMs = 25;
const answerTimeoutMs = 1000;
/** A master that went away and came back by itself, so many times in one move. */
const mostReturns = 3;

type End = 'source' | 'target';

/** A node that says of itself that it is the master of the end. */
interface Leader {
  readonly ref: NodeRef;
  readonly configEpoch: number;
}

export class Follower {
  readonly #context: StepContext;
  #step: MoveSlots;
  readonly #formers = new Set<string>();
  #replicas: Replicas = { source: [], target: [] };
  #returns = 0;

  constructor(step: MoveSlots, context: StepContext) {
    this.#step = step;
    this.#context = context;
  }

  /** The step between the masters as they are now. */
  get step(): MoveSlots {
    return this.#step;
  }

  /** Ids of nodes that were an end before. */
  get formers(): ReadonlySet<string> {
    return this.#formers;
  }

  get hasFollowed(): boolean {
    return this.#formers.size > 0 || this.#returns > 0;
  }

  /** Looks after the ends from here on; when a replica has taken over, `ends` are lost. Returns how to stop it. */
  watch(ends: Ends, replicas: Replicas): () => void {
    this.#replicas = replicas;
    let over = false;
    const { clock } = this.#context;
    const look = async (): Promise<void> => {
      const [source, target] = await Promise.all([this.#successor('source'), this.#successor('target')]);
      if (over) return;
      if (source === undefined && target === undefined) {
        timer = clock.after(watchPauseMs, look);
        return;
      }
      ends.lost.abort();
      closeEnds(ends);
    };
    const hasReplicas = replicas.source.length + replicas.target.length > 0;
    let timer = hasReplicas ? clock.after(watchPauseMs, look) : undefined;
    return () => {
      over = true;
      timer?.cancel();
    };
  }

  /**
   * After an error: whether the move is to go on, with the ends that there are now. Waits for a failover that is under
   * way. Throws nothing.
   */
  async follow(error: unknown): Promise<boolean> {
    const { clock, joinTimeoutMs, signal } = this.#context;
    if (!(error instanceof TribError)) return false;
    const startMs = clock.monotonicMs();
    for (;;) {
      const [source, target] = await Promise.all([this.#leader('source'), this.#leader('target')]);
      if (source !== undefined && target !== undefined) return this.#goOnWith(source, target, error);
      const canBeFailedOver =
        (source !== undefined || this.#replicas.source.length > 0) &&
        (target !== undefined || this.#replicas.target.length > 0);
      const isOver = clock.monotonicMs() - startMs > joinTimeoutMs || signal?.aborted === true;
      if (!canBeFailedOver || isOver) return false;
      await delay(clock, followPauseMs);
    }
  }

  #goOnWith(source: Leader, target: Leader, error: TribError): boolean {
    const ends: readonly [End, Leader][] = [
      ['source', source],
      ['target', target],
    ];
    const changed = ends.filter(([end, { ref }]) => ref.id !== this.#step[end].id);
    if (changed.length === 0) {
      // Nothing but a connection was lost, or it was another error.
      this.#returns++;
      return error instanceof ConnectionLost && this.#returns <= mostReturns;
    }
    for (const [end, { ref }] of changed) {
      const former = this.#step[end];
      this.#formers.add(former.id);
      this.#context.emit({
        type: 'retrying',
        node: former.address,
        reason: `failed over to ${formatAddress(ref.address)}, which goes on as the ${end}`,
      });
    }
    this.#step = { ...this.#step, source: source.ref, target: target.ref };
    return true;
  }

  /** The node that is the master of the end; undefined while there is none. */
  async #leader(end: End): Promise<Leader | undefined> {
    const own = await this.#ask(end, this.#step[end].address);
    const successor = await this.#successor(end, own?.configEpoch);
    return successor ?? own;
  }

  /** A replica of the end that is a master now, of an epoch above `epoch`. */
  async #successor(end: End, epoch = 0): Promise<Leader | undefined> {
    const found = await Promise.all(this.#replicas[end].map((address) => this.#ask(end, address)));
    return found
      .filter((leader) => leader !== undefined)
      .sort((a, b) => b.configEpoch - a.configEpoch)
      .find(({ configEpoch }) => configEpoch > epoch);
  }

  /** The node there, if it says that it is a master and has some of the slots that this is about. */
  async #ask(end: End, address: Address): Promise<Leader | undefined> {
    const client = this.#context.pool.at(address, 'watch');
    const lines = await within(
      this.#context.clock,
      askLines(client).catch(() => undefined),
    );
    const own = ownLineOf(lines ?? []);
    if (!isMaster(own)) return undefined;
    const isEnd = own.id === this.#step[end].id;
    const former = lines?.find(({ id }) => id === this.#step[end].id);
    // A replica that was given to another master meanwhile may be promoted there: the end would be one still.
    const hasReplaced =
      SlotSet.fromRanges(own.slots).ranges().length > 0 && (former?.slots.length ?? 0) === 0;
    if (!isEnd && !hasReplaced) return undefined;
    return { ref: { id: own.id, address, busPort: own.busPort }, configEpoch: own.configEpoch };
  }
}

/** Undefined when the answer does not come in time: a node that hangs is as good as gone. */
function within<T>(clock: Clock, answer: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = clock.after(answerTimeoutMs, () => resolve(undefined));
    void answer.then((value) => {
      timer.cancel();
      resolve(value);
    });
  });
}
