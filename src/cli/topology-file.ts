/**
 * Owns topology files: YAML in, a layout out. Every field is looked at before it is believed, and what is wrong is told
 * in one sentence with its line. docs/topology-file.md describes the format.
 */
import { readFile } from 'node:fs/promises';
import type { Document, LineCounter, Node } from 'yaml';
import { countMasters, isAt, type Layout, type LayoutNode } from '../cluster/layout.ts';
import { messageOf, TribError } from '../core/errors.ts';
import { type Address, formatAddress, parseAddress } from '../protocol/text/addresses.ts';

type Yaml = typeof import('yaml');

/** The text of a file that an operator named. Throws a TribError ("usage"). */
export async function readNamedFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new TribError('usage', `The file cannot be read: ${messageOf(error)}`);
  }
}

/** `file` is how it is called in errors. Throws a TribError ("usage"). */
export async function parseTopologyFile(text: string, file: string): Promise<Layout> {
  // Half a megabyte of code that only these files need.
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const reader = new Reader(yaml, document, lines, file);
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw reader.wrong(error.pos[0], `${firstLineOf(error.message)}`);
  return reader.layout();
}

function firstLineOf(message: string): string {
  return message.split('\n')[0] ?? message;
}

/** A mapping of the file: its values by name, with where each stands. */
interface Fields {
  readonly at: number;
  readonly values: ReadonlyMap<string, { readonly at: number; readonly value: unknown }>;
}

/** A node of the file, with where it stands. */
interface Listed extends LayoutNode {
  readonly at: number;
  readonly replicaOfAt: number;
}

const topFields = ['masters', 'replicas', 'nodes'];
const nodeFields = ['address', 'zone', 'role', 'replica-of', 'weight'];

class Reader {
  readonly #yaml: Yaml;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string;

  constructor(yaml: Yaml, document: Document, lines: LineCounter, file: string) {
    this.#yaml = yaml;
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  layout(): Layout {
    const { contents } = this.#document;
    if (contents === null) throw this.wrong(0, 'the file is empty');
    const top = this.#fields(contents, topFields, 'the file');
    const list = top.values.get('nodes');
    if (list === undefined) throw this.wrong(top.at, 'nodes are missing');
    const items = this.#resolved(list.value);
    if (!this.#yaml.isSeq(items) || items.items.length === 0)
      throw this.wrong(list.at, 'nodes is no list of nodes');
    const nodes = items.items.map((item) => this.#node(item, list.at));
    this.#refuseDuplicates(nodes);
    this.#refuseStrangeMasters(nodes);
    const layout: Layout = {
      masters: this.#whole(top, 'masters', 1),
      replicas: this.#whole(top, 'replicas', 0),
      nodes: nodes.map(({ at: _, replicaOfAt: __, ...node }) => node),
    };
    try {
      countMasters(layout);
    } catch (error) {
      const at = top.values.get('masters')?.at ?? top.values.get('replicas')?.at ?? list.at;
      throw this.wrong(at, messageOf(error).replace(/\.$/, ''));
    }
    return layout;
  }

  /** "cluster.yaml, line 7: ... ." */
  wrong(at: number, what: string, hint = 'docs/topology-file.md describes the format.'): TribError {
    const line = this.#lines.linePos(at).line;
    return new TribError('usage', `${this.#file}, line ${line}: ${what}.`, { hint });
  }

  #node(item: unknown, listAt: number): Listed {
    const value = this.#resolved(item);
    if (this.#yaml.isScalar(value)) {
      const at = this.#startOf(value, listAt);
      const address = this.#address(value.value, at);
      return {
        at,
        address,
        zone: undefined,
        role: undefined,
        replicaOf: undefined,
        weight: 1,
        replicaOfAt: at,
      };
    }
    const fields = this.#fields(value, nodeFields, 'a node', listAt);
    const field = fields.values.get('address');
    if (field === undefined) throw this.wrong(fields.at, 'a node has no address');
    const address = this.#address(this.#scalar(field), field.at);
    const master = fields.values.get('replica-of');
    const replicaOf = master === undefined ? undefined : this.#address(this.#scalar(master), master.at);
    const role = this.#role(fields);
    const weight = this.#weight(fields);
    if (replicaOf !== undefined && role === 'master') {
      throw this.wrong(master?.at ?? fields.at, `${formatAddress(address)} cannot be a master and a replica`);
    }
    const isReplica = replicaOf !== undefined || role === 'replica';
    if (isReplica && weight !== undefined) {
      throw this.wrong(fields.values.get('weight')?.at ?? fields.at, 'only masters have a weight');
    }
    const zone = fields.values.get('zone');
    return {
      at: field.at,
      address,
      zone: zone === undefined ? undefined : this.#text(zone, 'zone'),
      role: isReplica ? 'replica' : weight === undefined ? role : 'master',
      replicaOf,
      weight: weight ?? 1,
      replicaOfAt: master?.at ?? field.at,
    };
  }

  #role(fields: Fields): 'master' | 'replica' | undefined {
    const field = fields.values.get('role');
    if (field === undefined) return undefined;
    const word = this.#text(field, 'role');
    if (word === 'master' || word === 'replica') return word;
    throw this.wrong(field.at, `role is master or replica, not "${word}"`);
  }

  #weight(fields: Fields): number | undefined {
    const field = fields.values.get('weight');
    if (field === undefined) return undefined;
    const value = this.#scalar(field);
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw this.wrong(field.at, `weight is a number, 0 or more, not ${JSON.stringify(value)}`);
  }

  #whole(fields: Fields, name: string, least: number): number | undefined {
    const field = fields.values.get(name);
    if (field === undefined) return undefined;
    const value = this.#scalar(field);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
    throw this.wrong(field.at, `${name} is a whole number, ${least} or more`);
  }

  #text(field: { readonly at: number; readonly value: unknown }, name: string): string {
    const value = this.#scalar(field);
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw this.wrong(field.at, `${name} is no text`);
  }

  #address(value: unknown, at: number): Address {
    try {
      return parseAddress(String(value));
    } catch (error) {
      throw this.wrong(
        at,
        messageOf(error).replace(/\.$/, ''),
        'Write host:port; IPv6 in quotes: "[::1]:7000".',
      );
    }
  }

  #scalar({ at, value }: { readonly at: number; readonly value: unknown }): unknown {
    const node = this.#resolved(value);
    if (this.#yaml.isScalar(node)) return node.value;
    throw this.wrong(at, 'a single value is wanted here; an IPv6 address stands in quotes');
  }

  #fields(value: unknown, known: readonly string[], what: string, near = 0): Fields {
    const map = this.#resolved(value);
    if (!this.#yaml.isMap(map)) throw this.wrong(this.#startOf(map, near), `${what} is no mapping of fields`);
    const at = this.#startOf(map, near);
    const values = new Map<string, { at: number; value: unknown }>();
    for (const { key, value: held } of map.items) {
      const name = this.#yaml.isScalar(key) ? String(key.value) : '';
      const keyAt = this.#startOf(key, at);
      if (!known.includes(name)) {
        throw this.wrong(keyAt, `unknown field "${name}"`, `The fields of ${what}: ${known.join(', ')}.`);
      }
      values.set(name, { at: keyAt, value: held });
    }
    return { at, values };
  }

  #resolved(value: unknown): unknown {
    return this.#yaml.isAlias(value) ? value.resolve(this.#document) : value;
  }

  #startOf(node: unknown, otherwise: number): number {
    return this.#yaml.isNode(node) ? ((node as Node).range?.[0] ?? otherwise) : otherwise;
  }

  #refuseDuplicates(nodes: readonly Listed[]): void {
    for (const [index, node] of nodes.entries()) {
      if (!nodes.slice(0, index).some((other) => isAt(other, node.address))) continue;
      throw this.wrong(node.at, `${formatAddress(node.address)} is there twice`);
    }
  }

  #refuseStrangeMasters(nodes: readonly Listed[]): void {
    for (const { address, replicaOf, replicaOfAt } of nodes) {
      if (replicaOf === undefined) continue;
      const name = formatAddress(replicaOf);
      const master = nodes.find((node) => isAt(node, replicaOf));
      if (master === undefined) {
        throw this.wrong(
          replicaOfAt,
          `${formatAddress(address)} is a replica of ${name}, which is not among the nodes`,
        );
      }
      if (master.role === 'replica') {
        throw this.wrong(
          replicaOfAt,
          `${formatAddress(address)} is a replica of ${name}, which is a replica itself`,
        );
      }
    }
  }
}
