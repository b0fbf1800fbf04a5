/**
 * Owns how values count the memory that they take: what V8 needs for their texts and for what holds them, the same for the same
 * elements, kept with each change so that nobody has to look through them. Never knows a key.
 * Source: the role of Redis object.c objectComputeSize, and of zmalloc.c.
 */

/** Hears of memory that is taken, or given back (negative bytes). */
export interface MemoryAccount {
  count(bytes: number): void;
}

/** The header of a string in V8, and its characters in whole words. */
export function textBytes(text: string): number {
  return (text.length + 23) & ~7;
}

export abstract class Counted implements MemoryAccount {
  /** Of whoever holds it, and has counted what it took by then. */
  account: MemoryAccount | undefined = undefined;
  #bytes: number;

  /** `emptyBytes`: what it takes without any element. */
  constructor(emptyBytes: number) {
    this.#bytes = emptyBytes;
  }

  get memoryBytes(): number {
    return this.#bytes;
  }

  /** For itself, and its parts. */
  count(bytes: number): void {
    this.#bytes += bytes;
    if (this.account !== undefined) this.account.count(bytes);
  }
}
