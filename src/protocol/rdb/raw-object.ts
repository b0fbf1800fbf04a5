/**
 * Owns values as they stand in RDB files and DUMP payloads, kept as bytes: how one becomes the other, and whether two
 * are the same value. Source: Redis cluster.c createDumpPayload.
 */
import { ByteReader } from '../../core/bytes.ts';
import { Crc64 } from './crc64.ts';
import { readLength } from './lengths.ts';
import { payloadVersionOf, skipString } from './skip.ts';

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
 * Whether both are the same value. Hash tables stand in the order of the server that wrote them, so their items are
 * compared without it. Two encodings of one value count as different.
 */
export function isSameObject(a: RawObject, b: RawObject): boolean {
  if (a.type !== b.type || a.body.length !== b.body.length) return false;
  if (a.body.equals(b.body)) return true;
  const stringsEach = a.type === SET ? 1 : a.type === HASH ? 2 : 0;
  return stringsEach > 0 && sortedItems(a.body, stringsEach) === sortedItems(b.body, stringsEach);
}

/** Each item by its bytes, in an order of their own. A string's encoding depends on the string alone. */
function sortedItems(body: Buffer, stringsEach: number): string {
  const reader = new ByteReader(body);
  const items: string[] = [];
  for (let left = readLength(reader); left > 0; left--) {
    const start = reader.offset;
    for (let strings = stringsEach; strings > 0; strings--) skipString(reader);
    // The bytes tell themselves where they end, so no separator is needed.
    items.push(body.latin1Slice(start, reader.offset));
  }
  return items.sort().join('');
}
