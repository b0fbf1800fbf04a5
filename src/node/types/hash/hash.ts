/**
 * Owns hashes: fields with values. A small one is a Map, in the order in which the fields came, as a listpack keeps them; one that
 * grows beyond the limits becomes a hash table for good, which can be sampled and scanned however large it is.
 * Source: the behaviour of Redis t_hash.c (hashTypeTryConversion, hashTypeSet, hashTypeDelete, hashTypeDup).
 */
import type { Random } from '../../../core/random.ts';
import { Dict, type DictEntry } from '../../keyspace/dict.ts';
import type { Collection } from '../../keyspace/value.ts';
import { Counted, textBytes } from '../memory.ts';
import type { ValueHost } from '../row.ts';

/** A field of a large hash. */
class Field implements DictEntry<Field> {
  readonly key: string;
  hash = 0;
  next: Field | undefined = undefined;
  value: string;

  constructor(key: string, value: string) {
    this.key = key;
    this.value = value;
  }
}

/** As seen in V8: the hash with an empty Map or table, the place of an entry in a Map, and a field in a table. */
const EMPTY_BYTES = 220;
const MAP_ENTRY_BYTES = 40;
const FIELD_BYTES = 72;

/** No Map grows beyond this, whatever hash-max-listpack-entries says: it grows in one go. */
const MAX_ENTRIES = 1 << 16;

export type HashEntry = readonly [field: string, value: string];

export class Hash extends Counted implements Collection {
  readonly typeName = 'hash';
  readonly #host: ValueHost;
  /** Exactly one of the two. */
  #listpack: Map<string, string> | undefined = new Map();
  #table: Dict<Field> | undefined;

  /** An empty one. Takes its limits from `host`, each time that they count. */
  constructor(host: ValueHost) {
    super(EMPTY_BYTES);
    this.#host = host;
  }

  /** Takes `entries` over: a Map, or an array. `packed` as RDB has it: then the length of the texts does not count. */
  static from(entries: Iterable<HashEntry>, size: number, host: ValueHost, packed = false): Hash {
    const hash = new Hash(host);
    const maxTextLength = packed ? Infinity : host.config.number('hash-max-listpack-value');
    if (size <= maxEntries(host) && hasShortTexts(entries, maxTextLength))
      hash.#takeListpack(entries instanceof Map ? entries : new Map(entries));
    else hash.#makeTable(entries);
    return hash;
  }

  get size(): number {
    return (this.#listpack ?? this.#table)?.size ?? 0;
  }

  get encoding(): 'listpack' | 'hashtable' {
    return this.#listpack !== undefined ? 'listpack' : 'hashtable';
  }

  get(field: string): string | undefined {
    return this.#listpack !== undefined ? this.#listpack.get(field) : this.#table?.find(field)?.value;
  }

  has(field: string): boolean {
    return this.get(field) !== undefined;
  }

  /** Whether the field is new. */
  set(field: string, value: string): boolean {
    const listpack = this.#listpack;
    if (listpack === undefined) return this.#setInTable(this.#table as Dict<Field>, field, value);
    const { config } = this.#host;
    const longest = Math.max(field.length, value.length);
    if (longest > config.number('hash-max-listpack-value'))
      return this.#setInTable(this.#makeTable(listpack), field, value);
    const before = listpack.get(field);
    listpack.set(field, value);
    if (before !== undefined) {
      this.count(textBytes(value) - textBytes(before));
      return false;
    }
    this.count(MAP_ENTRY_BYTES + textBytes(field) + textBytes(value));
    if (listpack.size > maxEntries(this.#host)) this.#makeTable(listpack);
    return true;
  }

  /** Whether it was there. */
  delete(field: string): boolean {
    const listpack = this.#listpack;
    const value = listpack !== undefined ? listpack.get(field) : this.#table?.remove(field)?.value;
    if (value === undefined) return false;
    listpack?.delete(field);
    const entryBytes = listpack !== undefined ? MAP_ENTRY_BYTES : FIELD_BYTES;
    this.count(-entryBytes - textBytes(field) - textBytes(value));
    return true;
  }

  /** To be used up before the next change. */
  entries(): Iterable<HashEntry> {
    return this.#listpack ?? pairs(this.#table as Dict<Field>);
  }

  /** Visits a few fields, all of a small hash, and returns the next cursor, 0 at the end. As Dict.scan. */
  scan(cursor: number, visit: (field: string, value: string) => void): number {
    if (this.#table !== undefined) return this.#table.scan(cursor, ({ key, value }) => visit(key, value));
    for (const [field, value] of this.entries()) visit(field, value);
    return 0;
  }

  /** To be used up before the next change. */
  *fields(): IterableIterator<string> {
    if (this.#listpack !== undefined) yield* this.#listpack.keys();
    else if (this.#table !== undefined) for (const { key } of this.#table.entries()) yield key;
  }

  /** Gives fields at random, each with the same chance. To be used before the next change; the hash is not empty. */
  fieldSampler(random: Random): () => string {
    const table = this.#table;
    if (table !== undefined) return () => (table.random(random) as Field).key;
    const fields = [...this.fields()];
    return () => fields[random.below(fields.length)] as string;
  }

  copy(): Hash {
    const copy = new Hash(this.#host);
    if (this.#listpack !== undefined) copy.#takeListpack(new Map(this.#listpack));
    else copy.#makeTable(this.entries());
    return copy;
  }

  #setInTable(table: Dict<Field>, field: string, value: string): boolean {
    const found = table.find(field);
    if (found !== undefined) {
      this.count(textBytes(value) - textBytes(found.value));
      found.value = value;
      return false;
    }
    table.insert(new Field(field, value));
    this.count(FIELD_BYTES + textBytes(field) + textBytes(value));
    return true;
  }

  /** Into an empty hash. */
  #takeListpack(entries: Map<string, string>): void {
    this.#listpack = entries;
    for (const [field, value] of entries) this.count(MAP_ENTRY_BYTES + textBytes(field) + textBytes(value));
  }

  #makeTable(entries: Iterable<HashEntry>): Dict<Field> {
    const table = new Dict<Field>(this.#host.memberHasher);
    let bytes = EMPTY_BYTES;
    for (const [field, value] of entries) {
      table.insert(new Field(field, value));
      bytes += FIELD_BYTES + textBytes(field) + textBytes(value);
    }
    this.count(bytes - this.memoryBytes);
    this.#listpack = undefined;
    this.#table = table;
    return table;
  }
}

function* pairs(table: Dict<Field>): IterableIterator<HashEntry> {
  for (const { key, value } of table.entries()) yield [key, value];
}

/** Of a hash that is no table. */
function maxEntries({ config }: ValueHost): number {
  return Math.min(config.number('hash-max-listpack-entries'), MAX_ENTRIES);
}

function hasShortTexts(entries: Iterable<HashEntry>, maxLength: number): boolean {
  for (const [field, value] of entries)
    if (field.length > maxLength || value.length > maxLength) return false;
  return true;
}
