/**
 * Owns the reading of more elements than a Map or Set of JavaScript takes: as an array, with no text twice.
 * Source: the limit of V8's ordered hash tables.
 */
import { type ByteReader, BytesError } from '../../core/bytes.ts';
import { readString } from './strings.ts';

/** What one Map or Set takes at most. */
export const MAX_MAP_SIZE = 2 ** 24;

/** Texts that differ, in as many Sets as it takes. */
class DistinctTexts {
  readonly #setSize: number;
  readonly #sets: Set<string>[] = [];

  constructor(setSize: number) {
    this.#setSize = setSize;
  }

  /** Throws a BytesError for a text that came before. */
  add(text: string): void {
    for (const set of this.#sets) if (set.has(text)) throw new BytesError('the same element twice');
    const last = this.#sets.at(-1);
    if (last !== undefined && last.size < this.#setSize) last.add(text);
    else this.#sets.push(new Set([text]));
  }
}

/** `count` texts. Throws BytesError. */
export function readDistinctTexts(reader: ByteReader, count: number, setSize: number): string[] {
  const distinct = new DistinctTexts(setSize);
  const texts: string[] = [];
  for (let left = count; left > 0; left--) {
    const text = readString(reader);
    distinct.add(text);
    texts.push(text);
  }
  return texts;
}

/** `count` texts, each with what follows it. Throws BytesError. */
export function readDistinctPairs<V>(
  reader: ByteReader,
  count: number,
  setSize: number,
  readValue: (reader: ByteReader) => V,
): (readonly [string, V])[] {
  const distinct = new DistinctTexts(setSize);
  const pairs: (readonly [string, V])[] = [];
  for (let left = count; left > 0; left--) {
    const text = readString(reader);
    distinct.add(text);
    pairs.push([text, readValue(reader)]);
  }
  return pairs;
}
