/** Owns the texts of short first words (command names), which come again and again: most need not be made anew. */
/** Each slot holds the last text of its hash. */
const nameCacheSlots = 256;
const nameCacheBytes = 16;

export class NameCache {
  readonly #texts: string[] = new Array<string>(nameCacheSlots).fill('');

  /** bytes[start, end) as a latin1 string. */
  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0 || length > nameCacheBytes) return bytes.latin1Slice(start, end);
    const slot =
      ((bytes[start] as number) * 7 + (bytes[end - 1] as number) * 31 + length) & (nameCacheSlots - 1);
    const cached = this.#texts[slot] as string;
    if (cached.length === length) {
      let i = 0;
      while (i < length && cached.charCodeAt(i) === bytes[start + i]) i++;
      if (i === length) return cached;
    }
    const text = bytes.latin1Slice(start, end);
    this.#texts[slot] = text;
    return text;
  }
}
