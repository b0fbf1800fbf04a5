/**
 * Owns values as they stand in RDB files and DUMP payloads, kept as bytes: how one becomes the other, and whether two
 * are the same value. Source: Redis cluster.c createDumpPayload.
 */
import { ByteReader } from '../../core/bytes.ts';
import { Crc64 } from './crc64.ts';
import { payloadVersionOf, skipObject } from './skip.ts';
import { readString } from './strings.ts';

/** A value's type number and the bytes behind it. */
export interface RawObject {
  readonly type: number;
  readonly body: Buffer;
}

const VERSION_BYTES = 2;
const CHECKSUM_BYTES = 8;
const FOOTER_BYTES = VERSION_BYTES + CHECKSUM_BYTES;

/** As RESTORE takes it. */
export function payloadOf({ type, body }: RawObject): Buffer {
  const end = 1 + body.length;
  const payload = Buffer.allocUnsafe(end + FOOTER_BYTES);
  payload[0] = type;
  body.copy(payload, 1);
  payload.writeUInt16LE(payloadVersionOf(type), end);
  const crc = new Crc64().update(payload, 0, end + VERSION_BYTES);
  payload.writeUInt32LE(crc.low, end + VERSION_BYTES);
  payload.writeUInt32LE(crc.high, end + VERSION_BYTES + 4);
  return payload;
}

/** What a server's DUMP holds; its checksum is not looked at. Undefined when it is too short to be one. */
export function objectOfPayload(payload: Buffer): RawObject | undefined {
  if (payload.length < 1 + FOOTER_BYTES) return undefined;
  return { type: payload[0] as number, body: payload.subarray(1, -FOOTER_BYTES) };
}

const SET = 2;
const HASH = 4;

/**
 * Whether both are the same value, whatever strings were compressed, and in which order a server keeps its hash tables.
 * Two encodings of one value (a listpack, a hash table) count as different. Throws BytesError for what is malformed.
 */
export function isSameObject(a: RawObject, b: RawObject): boolean {
  if (a.type !== b.type) return false;
  return a.body.equals(b.body) || canonical(a) === canonical(b);
}

/** A text that is the same for the same value. */
function canonical({ type, body }: RawObject): string {
  const reader = new ByteReader(body);
  /** Strings, with their lengths; and what stands between them, as it is. */
  const parts: string[] = [];
  let between = 0;
  skipObject(reader, type, () => {
    if (reader.offset > between) parts.push(body.latin1Slice(between, reader.offset));
    const text = readString(reader);
    parts.push(`${text.length}:${text}`);
    between = reader.offset;
  });
  parts.push(body.latin1Slice(between));
  const stringsEach = type === SET ? 1 : type === HASH ? 2 : 0;
  return stringsEach === 0 ? parts.join('') : sortedItems(parts, stringsEach);
}

/** Behind the count come nothing but the strings of the items. */
function sortedItems([count = '', ...strings]: readonly string[], stringsEach: number): string {
  const items: string[] = [];
  for (let at = 0; at + stringsEach <= strings.length; at += stringsEach)
    items.push(strings.slice(at, at + stringsEach).join(''));
  return count + items.sort().join('');
}
