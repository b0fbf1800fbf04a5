/**
 * Owns sets of hash slots: the 2048-byte bitmap of the cluster bus (bit s at byte s>>3, 1<<(s&7)) and the
 * ranges that people and commands read ("0-5460 5462"). Mutable, no I/O.
 */
import { SLOT_COUNT } from './key-slot.ts';

export const SLOT_BITMAP_BYTES = SLOT_COUNT / 8;

/** Slots from `first` to `last`, both included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

export class SlotSet implements Iterable<number> {
  readonly bitmap: Uint8Array;
  #size: number;

  constructor(slots: Iterable<number> = []) {
    this.bitmap = new Uint8Array(SLOT_BITMAP_BYTES);
    this.#size = 0;
    for (const slot of slots) this.add(slot);
  }

  /** A copy of a bitmap as the bus carries it. Throws RangeError when it is not 2048 bytes long. */
  static fromBitmap(bitmap: Uint8Array): SlotSet {
    if (bitmap.length !== SLOT_BITMAP_BYTES)
      throw new RangeError(`a slot bitmap has ${SLOT_BITMAP_BYTES} bytes`);
    const set = new SlotSet();
    set.bitmap.set(bitmap);
    for (let i = 0; i < SLOT_BITMAP_BYTES; i++) {
      for (let byte = bitmap[i] as number; byte !== 0; byte &= byte - 1) set.#size++;
    }
    return set;
  }

  static fromRanges(ranges: Iterable<SlotRange>): SlotSet {
    const set = new SlotSet();
    for (const { first, last } of ranges) for (let slot = first; slot <= last; slot++) set.add(slot);
    return set;
  }

  get size(): number {
    return this.#size;
  }

  has(slot: number): boolean {
    return ((this.bitmap[slot >> 3] ?? 0) & (1 << (slot & 7))) !== 0;
  }

  /** True when the slot was not in the set before. Throws RangeError outside 0..16383. */
  add(slot: number): boolean {
    if (!isSlot(slot)) throw new RangeError(`slot ${slot} is not between 0 and ${SLOT_COUNT - 1}`);
    if (this.has(slot)) return false;
    this.bitmap[slot >> 3] = (this.bitmap[slot >> 3] as number) | (1 << (slot & 7));
    this.#size++;
    return true;
  }

  /** True when the slot was in the set before. */
  delete(slot: number): boolean {
    if (!this.has(slot)) return false;
    this.bitmap[slot >> 3] = (this.bitmap[slot >> 3] as number) & ~(1 << (slot & 7));
    this.#size--;
    return true;
  }

  clear(): void {
    this.bitmap.fill(0);
    this.#size = 0;
  }

  copy(): SlotSet {
    return SlotSet.fromBitmap(this.bitmap);
  }

  equals(other: SlotSet): boolean {
    return this.#size === other.#size && Buffer.compare(this.bitmap, other.bitmap) === 0;
  }

  *[Symbol.iterator](): Iterator<number> {
    for (let index = 0; index < SLOT_BITMAP_BYTES; index++) {
      const byte = this.bitmap[index] as number;
      if (byte === 0) continue;
      for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) yield index * 8 + bit;
    }
  }

  /** Ascending, as long as possible. */
  ranges(): SlotRange[] {
    return rangesOf(this);
  }

  /** "0-5460 5462", as CLUSTER NODES writes it. */
  toString(): string {
    return formatRanges(this.ranges());
  }
}

export function isSlot(slot: number): boolean {
  return Number.isInteger(slot) && slot >= 0 && slot < SLOT_COUNT;
}

/** Ranges of ascending slots. */
export function rangesOf(slots: Iterable<number>): SlotRange[] {
  const ranges: SlotRange[] = [];
  let first = -1;
  let last = -2;
  for (const slot of slots) {
    if (slot === last + 1) {
      last = slot;
      continue;
    }
    if (first >= 0) ranges.push({ first, last });
    first = slot;
    last = slot;
  }
  if (first >= 0) ranges.push({ first, last });
  return ranges;
}

export function formatRange({ first, last }: SlotRange): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

export function formatRanges(ranges: readonly SlotRange[], separator = ' '): string {
  return ranges.map(formatRange).join(separator);
}
