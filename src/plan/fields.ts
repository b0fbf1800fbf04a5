/**
 * Owns the reading of data that was not written by this process: every field is looked at before it is believed, and
 * what is wrong is told by the field's name.
 */
import { TribError } from '../core/errors.ts';
import { isSlot, type SlotRange } from '../protocol/slots/slot-set.ts';
import type { Address } from '../protocol/text/addresses.ts';
import type { NodeRef } from './steps/step-kind.ts';

export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #name: string;

  /** `name` is how the object is called in errors: "steps[3]". Throws a TribError ("usage") when it is no object. */
  constructor(value: unknown, name: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw notAPlan(`${name} is missing`);
    }
    this.#fields = Object.fromEntries(Object.entries(value));
    this.#name = name;
  }

  has(field: string): boolean {
    return this.#fields[field] !== undefined;
  }

  text(field: string): string {
    const value = this.#fields[field];
    if (typeof value !== 'string') throw this.#wrong(field, 'is no text');
    return value;
  }

  /** A whole number, 0 or more. */
  whole(field: string): number {
    const value = this.#fields[field];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.#wrong(field, 'is no whole number');
    }
    return value;
  }

  /** A number, 0 or more. */
  number(field: string): number {
    const value = this.#fields[field];
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      throw this.#wrong(field, 'is no number');
    }
    return value;
  }

  /** False where it is missing. */
  flag(field: string): boolean {
    return this.#fields[field] === true;
  }

  oneOf<Word extends string>(field: string, words: readonly Word[]): Word {
    const value = this.#fields[field];
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw this.#wrong(field, `is none of ${words.join(', ')}`);
    return word;
  }

  object(field: string): Fields {
    return new Fields(this.#fields[field], this.#path(field));
  }

  objects(field: string): Fields[] {
    return this.#list(field).map((item, index) => new Fields(item, `${this.#path(field)}[${index}]`));
  }

  texts(field: string): string[] {
    return this.#list(field).map((item) => {
      if (typeof item !== 'string') throw this.#wrong(field, 'holds something that is no text');
      return item;
    });
  }

  address(field: string): Address {
    const fields = this.object(field);
    const host = fields.text('host');
    const port = fields.whole('port');
    if (host === '' || port < 1 || port > 65535) throw this.#wrong(field, 'is no address');
    return { host, port };
  }

  node(field: string): NodeRef {
    return nodeRefOf(this.object(field), this.#path(field));
  }

  nodes(field: string): NodeRef[] {
    return this.objects(field).map((fields, index) => nodeRefOf(fields, `${this.#path(field)}[${index}]`));
  }

  slots(field: string): SlotRange[] {
    return this.objects(field).map((fields) => {
      const first = fields.whole('first');
      const last = fields.whole('last');
      if (!isSlot(first) || !isSlot(last) || last < first) throw this.#wrong(field, 'is no range of slots');
      return { first, last };
    });
  }

  #list(field: string): readonly unknown[] {
    const value = this.#fields[field];
    if (!Array.isArray(value)) throw this.#wrong(field, 'is no list');
    return value;
  }

  #path(field: string): string {
    return this.#name === '' ? field : `${this.#name}.${field}`;
  }

  #wrong(field: string, why: string): TribError {
    return notAPlan(`${this.#path(field)} ${this.has(field) ? why : 'is missing'}`);
  }
}

function nodeRefOf(fields: Fields, name: string): NodeRef {
  const id = fields.text('id');
  if (!/^[0-9a-f]{40}$/.test(id)) throw notAPlan(`${name}.id is not the id of a node`);
  return { id, address: fields.address('address'), busPort: fields.whole('busPort') };
}

export function notAPlan(why: string): TribError {
  return new TribError('usage', `The file is not a plan of trib: ${why}.`, {
    hint: 'Plans are written by --plan FILE.',
  });
}
