/**
 * Owns the reading of data that was not written by this process: every field is looked at before it is believed, and
 * what is wrong is told by the field's name.
 */
import type { TribError } from '../core/errors.ts';
import { isSlot, type SlotRange } from '../protocol/slots/slot-set.ts';
import type { Address } from '../protocol/text/addresses.ts';
import type { NodeRef } from './steps/step-kind.ts';

/** The error for an operator; `why`: "slots is missing". */
type Complain = (why: string) => TribError;

/** What a file of trib is known by. */
interface Format {
  readonly format: string;
  readonly version: number;
}

export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #name: string;
  readonly #complain: Complain;

  /** `name` is how the object is called in errors: "steps[3]". Throws what `complain` makes of it when it is no object. */
  private constructor(value: unknown, name: string, complain: Complain) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw complain(`${name} is missing`);
    }
    this.#fields = Object.fromEntries(Object.entries(value));
    this.#name = name;
    this.#complain = complain;
  }

  /** A whole file, in JSON. Throws what `complain` makes of it, as all other methods do. */
  static ofFile(text: string, { format, version }: Format, complain: Complain): Fields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw complain('it is not JSON, or cut short');
    }
    if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== format) {
      throw complain(`its "format" is not "${format}"`);
    }
    const found = 'version' in value ? value.version : undefined;
    if (found !== version) {
      throw complain(`its version is ${JSON.stringify(found)}, and this trib reads ${version}`);
    }
    return new Fields(value, '', complain);
  }

  /** An error about this object. */
  wrong(why: string): TribError {
    return this.#complain(why);
  }

  has(field: string): boolean {
    return this.#fields[field] !== undefined;
  }

  text(field: string): string {
    const value = this.#fields[field];
    if (typeof value !== 'string') throw this.#wrongField(field, 'is no text');
    return value;
  }

  /** A whole number, 0 or more. */
  whole(field: string): number {
    const value = this.#fields[field];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.#wrongField(field, 'is no whole number');
    }
    return value;
  }

  /** A number, 0 or more. */
  number(field: string): number {
    const value = this.#fields[field];
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      throw this.#wrongField(field, 'is no number');
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
    if (word === undefined) throw this.#wrongField(field, `is none of ${words.join(', ')}`);
    return word;
  }

  object(field: string): Fields {
    return new Fields(this.#fields[field], this.#path(field), this.#complain);
  }

  objects(field: string): Fields[] {
    return this.#list(field).map(
      (item, index) => new Fields(item, `${this.#path(field)}[${index}]`, this.#complain),
    );
  }

  texts(field: string): string[] {
    return this.#list(field).map((item) => {
      if (typeof item !== 'string') throw this.#wrongField(field, 'holds something that is no text');
      return item;
    });
  }

  address(field: string): Address {
    const fields = this.object(field);
    const host = fields.text('host');
    const port = fields.whole('port');
    if (host === '' || port < 1 || port > 65535) throw this.#wrongField(field, 'is no address');
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
      if (!isSlot(first) || !isSlot(last) || last < first)
        throw this.#wrongField(field, 'is no range of slots');
      return { first, last };
    });
  }

  #list(field: string): readonly unknown[] {
    const value = this.#fields[field];
    if (!Array.isArray(value)) throw this.#wrongField(field, 'is no list');
    return value;
  }

  #path(field: string): string {
    return this.#name === '' ? field : `${this.#name}.${field}`;
  }

  #wrongField(field: string, why: string): TribError {
    return this.#complain(`${this.#path(field)} ${this.has(field) ? why : 'is missing'}`);
  }
}

function nodeRefOf(fields: Fields, name: string): NodeRef {
  const id = fields.text('id');
  if (!/^[0-9a-f]{40}$/.test(id)) throw fields.wrong(`${name}.id is not the id of a node`);
  return { id, address: fields.address('address'), busPort: fields.whole('busPort') };
}
