/**
 * Owns lists: chunks of elements in a row, so that both ends cost the same however long the list is, and the middle is never
 * far. Elements are latin1 strings. Never knows a key or a command. Source: the role of Redis quicklist.c.
 */
import type { Collection } from '../../keyspace/value.ts';
import { Counted, textBytes } from '../memory.ts';
import { CHUNK_SIZE, Chunk } from './chunk.ts';

/** As seen in V8: a list with its first chunk, and an element's place in a chunk. */
const EMPTY_BYTES = 340;
const PLACE_BYTES = 8;

/** Neighbours that together have no more elements become one chunk. */
const MERGED_SIZE = CHUNK_SIZE / 2;

/** Where an element is: the index of its chunk, and its own in there. */
interface Place {
  readonly chunk: number;
  readonly offset: number;
}

export class List extends Counted implements Collection {
  readonly typeName = 'list';
  #chunks: Chunk[] = [];
  #size = 0;

  constructor() {
    super(EMPTY_BYTES);
  }

  get size(): number {
    return this.#size;
  }

  pushHead(element: string): void {
    const first = this.#chunks[0];
    if (first === undefined) this.#chunks.push(new Chunk([element]));
    else if (first.isFull) this.#chunks.unshift(Chunk.growingBackwards(element));
    else first.pushHead(element);
    this.#came(element);
  }

  pushTail(element: string): void {
    const chunks = this.#chunks;
    const last = chunks[chunks.length - 1];
    if (last === undefined || last.isFull) chunks.push(new Chunk([element]));
    else last.pushTail(element);
    this.#came(element);
  }

  /** The list must not be empty; so with `popTail`. */
  popHead(): string {
    const first = this.#chunks[0] as Chunk;
    const element = first.popHead();
    if (first.size === 0) this.#chunks.shift();
    this.#went(element);
    return element;
  }

  popTail(): string {
    const last = this.#chunks[this.#chunks.length - 1] as Chunk;
    const element = last.popTail();
    if (last.size === 0) this.#chunks.pop();
    this.#went(element);
    return element;
  }

  /** Undefined outside of [0, size). */
  at(index: number): string | undefined {
    if (index < 0 || index >= this.#size) return undefined;
    const { chunk, offset } = this.#locate(index);
    return this.#chunks[chunk]?.at(offset);
  }

  /** `index` in [0, size). */
  set(index: number, element: string): void {
    const place = this.#locate(index);
    const chunk = this.#chunks[place.chunk] as Chunk;
    this.count(textBytes(element) - textBytes(chunk.at(place.offset)));
    chunk.set(place.offset, element);
  }

  /** Puts the element before the one that is at `index`, or at the end; `index` in [0, size]. */
  insert(index: number, element: string): void {
    if (index === this.#size) {
      this.pushTail(element);
      return;
    }
    const place = this.#locate(index);
    let chunk = this.#chunks[place.chunk] as Chunk;
    let { offset } = place;
    if (chunk.isFull) {
      const half = chunk.split(CHUNK_SIZE / 2);
      this.#chunks.splice(place.chunk + 1, 0, half);
      if (offset > chunk.size) {
        offset -= chunk.size;
        chunk = half;
      }
    }
    chunk.insert(offset, element);
    this.#came(element);
  }

  /** The elements [start, start + count), which must be there. */
  slice(start: number, count: number): string[] {
    const found: string[] = [];
    if (count <= 0) return found;
    let { chunk: at, offset } = this.#locate(start);
    for (; found.length < count; at++, offset = 0) {
      const chunk = this.#chunks[at] as Chunk;
      chunk.collect(offset, Math.min(chunk.size, offset + count - found.length), found);
    }
    return found;
  }

  /** Takes the elements [start, start + count) away, which must be there. */
  removeRange(start: number, count: number): void {
    if (count <= 0) return;
    const place = this.#locate(start);
    let { chunk: at, offset } = place;
    for (let left = count; left > 0; at++, offset = 0) {
      const chunk = this.#chunks[at] as Chunk;
      const removed = Math.min(left, chunk.size - offset);
      for (let i = offset; i < offset + removed; i++) this.#went(chunk.at(i));
      chunk.remove(offset, removed);
      left -= removed;
    }
    const first = Math.max(0, place.chunk - 1);
    const touched = this.#chunks.slice(first, at + 1);
    this.#chunks.splice(first, touched.length, ...merged(touched));
  }

  /** Takes away the first `limit` elements that are the same, or with `backwards` the last. How many there were. */
  removeEqual(element: string, limit: number, backwards: boolean): number {
    let removed = 0;
    const step = backwards ? -1 : 1;
    for (
      let at = backwards ? this.#chunks.length - 1 : 0;
      at >= 0 && at < this.#chunks.length && removed < limit;
      at += step
    ) {
      const chunk = this.#chunks[at] as Chunk;
      let index = chunk.find(element, backwards ? chunk.size - 1 : 0, backwards);
      while (index >= 0 && removed < limit) {
        chunk.remove(index, 1);
        this.#went(element);
        removed++;
        if (backwards && index === 0) break;
        index = chunk.find(element, backwards ? index - 1 : index, backwards);
      }
    }
    if (removed > 0) this.#chunks = merged(this.#chunks);
    return removed;
  }

  /** The places of an element from the head on, among the first `limit` elements. */
  *placesOf(element: string, limit: number): IterableIterator<number> {
    let before = 0;
    for (const chunk of this.#chunks) {
      for (let at = chunk.find(element, 0, false); at >= 0; at = chunk.find(element, at + 1, false)) {
        if (before + at >= limit) return;
        yield before + at;
      }
      before += chunk.size;
      if (before >= limit) return;
    }
  }

  /** The same from the tail on, among the last `limit` elements. */
  *lastPlacesOf(element: string, limit: number): IterableIterator<number> {
    const first = this.#size - limit;
    let end = this.#size;
    for (let c = this.#chunks.length - 1; c >= 0 && end > first; c--) {
      const chunk = this.#chunks[c] as Chunk;
      const before = end - chunk.size;
      let at = chunk.find(element, chunk.size - 1, true);
      while (at >= 0 && before + at >= first) {
        yield before + at;
        at = at === 0 ? -1 : chunk.find(element, at - 1, true);
      }
      end = before;
    }
  }

  *elements(): IterableIterator<string> {
    for (const chunk of this.#chunks) for (let i = 0; i < chunk.size; i++) yield chunk.at(i);
  }

  copy(): List {
    const copy = new List();
    copy.#chunks = this.#chunks.map((chunk) => chunk.copy());
    for (const element of this.elements()) copy.#came(element);
    return copy;
  }

  #came(element: string): void {
    this.#size++;
    this.count(PLACE_BYTES + textBytes(element));
  }

  #went(element: string): void {
    this.#size--;
    this.count(-PLACE_BYTES - textBytes(element));
  }

  /** From the nearer end. */
  #locate(index: number): Place {
    const chunks = this.#chunks;
    if (index < this.#size / 2) {
      let offset = index;
      for (let at = 0; ; at++) {
        const { size } = chunks[at] as Chunk;
        if (offset < size) return { chunk: at, offset };
        offset -= size;
      }
    }
    let start = this.#size;
    for (let at = chunks.length - 1; ; at--) {
      start -= (chunks[at] as Chunk).size;
      if (index >= start) return { chunk: at, offset: index - start };
    }
  }
}

/** The same elements in no more chunks than needed: empty ones go, small neighbours become one. */
function merged(chunks: readonly Chunk[]): Chunk[] {
  const kept: Chunk[] = [];
  for (const chunk of chunks) {
    if (chunk.size === 0) continue;
    const last = kept.at(-1);
    if (last !== undefined && last.size + chunk.size <= MERGED_SIZE) last.append(chunk);
    else kept.push(chunk);
  }
  return kept;
}
