/** Owns the recorded DUMP payloads of test/fixtures/rdb, of every type and encoding. */
import { readFileSync } from 'node:fs';
import { ByteReader } from '../../../src/core/bytes.ts';
import {
  type RdbCollection,
  type RdbEncoding,
  type RdbSource,
  type RdbValue,
  readObject,
} from '../../../src/protocol/rdb/objects.ts';

/** The data type of each type number that is recorded. */
const typeNames: Readonly<Record<CollectionName, readonly number[]>> = {
  list: [1, 10, 14, 18],
  set: [2, 11],
  zset: [3, 5, 12, 17],
  hash: [4, 9, 13, 16],
  stream: [15, 19],
};

type CollectionName = RdbCollection['type'];

export interface RecordedPayload {
  readonly name: string;
  readonly type: number;
  readonly typeName: CollectionName;
  /** What made the key "k", latin1; none where the payload was put together and taken by RESTORE. */
  readonly commands: readonly (readonly string[])[];
  readonly payload: Buffer;
  /** The payload without type, version and checksum. */
  readonly body: Buffer;
  /** What redis-server's DUMP gave for the value. */
  readonly dump: Buffer;
  /** DEBUG DIGEST-VALUE. */
  readonly digest: string;
  readonly encoding: RdbEncoding;
}

interface JsonRecord {
  readonly name: string;
  readonly type: number;
  readonly commands: readonly (readonly string[])[];
  readonly payload: string;
  readonly dump: string;
  readonly digest: string;
  readonly encoding: RdbEncoding;
}

const FOOTER_BYTES = 10;

/** One a line. */
const lines = readFileSync(new URL('../../fixtures/rdb/payloads.ndjson', import.meta.url), 'utf8');
const records = lines
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as JsonRecord);

export const payloads: readonly RecordedPayload[] = records.map((record) => {
  const payload = Buffer.from(record.payload, 'base64');
  return {
    ...record,
    typeName: typeNameOf(record.type),
    payload,
    body: payload.subarray(1, -FOOTER_BYTES),
    dump: Buffer.from(record.dump, 'base64'),
  };
});

function typeNameOf(type: number): CollectionName {
  const names = Object.keys(typeNames) as CollectionName[];
  const found = names.find((name) => typeNames[name].includes(type));
  if (found === undefined) throw new Error(`no name for type ${type}`);
  return found;
}

/** The value behind a type number. Throws BytesError; also when bytes are left over. */
export function decode(type: number, body: Buffer): RdbValue {
  const reader = new ByteReader(body);
  const value = readObject(reader, type);
  if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes are left`);
  return value;
}

/** To be compared: what is iterable as an array. */
export function plain(value: RdbValue): unknown {
  if (typeof value === 'string') return value;
  return value.type === 'list'
    ? { ...value, elements: [...value.elements] }
    : value.type === 'set'
      ? { ...value, members: [...value.members] }
      : value.type === 'stream'
        ? { ...value, nodes: [...value.nodes] }
        : { ...value, entries: [...value.entries] };
}

/** As the node gives it to be written: a sorted set by its scores, an intset by its numbers. */
export function sourceOf(value: RdbCollection, encoding: RdbEncoding): RdbSource {
  if (value.type === 'set' && encoding === 'intset') {
    const members = [...value.members].map(BigInt).sort((a, b) => (a < b ? -1 : 1));
    return { ...value, members: members.map(String), encoding };
  }
  if (value.type !== 'zset') return { ...value, encoding };
  const before = (a: readonly [string, number], b: readonly [string, number]): number =>
    a[1] === b[1] ? (a[0] < b[0] ? -1 : 1) : a[1] - b[1];
  return { ...value, entries: [...value.entries].sort(before), encoding };
}
