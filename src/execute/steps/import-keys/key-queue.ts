/**
 * Owns the keys that were listed by the source and are not sent yet, by the master that they go to; and the meeting of
 * who lists them and who sends them.
 */
import { type Address, formatAddress } from '../../../protocol/text/addresses.ts';

export interface Batch {
  readonly target: Address;
  readonly keys: readonly Buffer[];
}

/** Names only, so this many take little memory; a full batch for each of many masters must have room. */
const mostKeys = 50_000;

export class KeyQueue {
  readonly #lanes = new Map<string, { readonly target: Address; keys: Buffer[] }>();
  #count = 0;
  #ended = false;
  #sleepers: (() => void)[] = [];

  /** No more keys will come, or nobody takes any more. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  add(target: Address, key: Buffer): void {
    const name = formatAddress(target);
    const lane = this.#lanes.get(name);
    if (lane === undefined) this.#lanes.set(name, { target, keys: [key] });
    else lane.keys.push(key);
    this.#count++;
  }

  /** Those who wait for keys look again: to be called when some were added. */
  added(): void {
    this.#wake();
  }

  /** Resolves when there is room for more, or nobody takes any. */
  async room(): Promise<void> {
    while (this.#count >= mostKeys && !this.#ended) await this.#sleep();
  }

  /** So many keys of the master that has the most; fewer only when no more come. Undefined: all were taken. */
  async take(batchKeys: () => number): Promise<Batch | undefined> {
    for (;;) {
      let fullest: { readonly target: Address; keys: Buffer[] } | undefined;
      for (const lane of this.#lanes.values())
        if (lane.keys.length > (fullest?.keys.length ?? 0)) fullest = lane;
      const wanted = batchKeys();
      const isFull = this.#count >= mostKeys || this.#ended;
      if (fullest !== undefined && (fullest.keys.length >= wanted || isFull)) {
        const keys = fullest.keys.slice(-wanted);
        fullest.keys.length -= keys.length;
        this.#count -= keys.length;
        this.#wake();
        return { target: fullest.target, keys };
      }
      if (this.#ended) return undefined;
      await this.#sleep();
    }
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => this.#sleepers.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#sleepers.splice(0)) resolve();
  }
}
