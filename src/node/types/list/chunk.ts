/**
 * Owns one piece of a list: a bounded run of elements in one array, with room at either end, so that pushing and popping
 * cost the same there. Never knows its neighbours.
 */

/** Elements of one chunk at most. */
export const CHUNK_SIZE = 128;

export class Chunk {
  /** The elements, behind blanks in which the head may grow. */
  #items: string[];
  /** Index of the first element. */
  #start = 0;

  /** Takes the array over. */
  constructor(items: string[]) {
    this.#items = items;
  }

  /** A chunk of one element with room for all others before it. */
  static growingBackwards(element: string): Chunk {
    const chunk = new Chunk(new Array<string>(CHUNK_SIZE).fill(''));
    chunk.#start = CHUNK_SIZE;
    chunk.pushHead(element);
    return chunk;
  }

  get size(): number {
    return this.#items.length - this.#start;
  }

  get isFull(): boolean {
    return this.#items.length - this.#start >= CHUNK_SIZE;
  }

  /** `index` from 0 to below the size. */
  at(index: number): string {
    return this.#items[this.#start + index] as string;
  }

  set(index: number, element: string): void {
    this.#items[this.#start + index] = element;
  }

  pushHead(element: string): void {
    if (this.#start === 0) this.#makeRoom();
    this.#items[--this.#start] = element;
  }

  pushTail(element: string): void {
    this.#items.push(element);
  }

  /** The chunk must not be empty; so with `popTail`. */
  popHead(): string {
    const element = this.#items[this.#start] as string;
    this.#items[this.#start++] = '';
    // A queue's chunk would grow for ever otherwise: pushed to at one end, popped from at the other.
    if (this.#start >= CHUNK_SIZE) {
      this.#items.splice(0, this.#start);
      this.#start = 0;
    }
    return element;
  }

  popTail(): string {
    return this.#items.pop() as string;
  }

  insert(index: number, element: string): void {
    this.#items.splice(this.#start + index, 0, element);
  }

  remove(index: number, count: number): void {
    this.#items.splice(this.#start + index, count);
  }

  /** Takes the elements from `index` on out, as a chunk of their own. */
  split(index: number): Chunk {
    return new Chunk(this.#items.splice(this.#start + index));
  }

  append(other: Chunk): void {
    for (let i = 0; i < other.size; i++) this.#items.push(other.at(i));
  }

  /** Adds the elements [start, end) to `found`. */
  collect(start: number, end: number, found: string[]): void {
    const items = this.#items;
    for (let i = this.#start + start; i < this.#start + end; i++) found.push(items[i] as string);
  }

  /** The first place of the element at or behind `from`, or with `backwards` the last at or before it; -1 without one. */
  find(element: string, from: number, backwards: boolean): number {
    const place = this.#start + from;
    // Blanks lie before the elements; a search backwards may come upon one.
    const found = backwards ? this.#items.lastIndexOf(element, place) : this.#items.indexOf(element, place);
    return found < this.#start ? -1 : found - this.#start;
  }

  copy(): Chunk {
    return new Chunk(this.#items.slice(this.#start));
  }

  /** Doubles the space, so that pushing at the head costs the same on average however long the chunk is. */
  #makeRoom(): void {
    const room = Math.max(4, Math.min(this.#items.length, CHUNK_SIZE));
    const items = new Array<string>(room).fill('');
    for (const item of this.#items) items.push(item);
    this.#items = items;
    this.#start = room;
  }
}
