/**
 * Owns where an object of an RDB file ends: the layout of every type of Redis 7.2 and before, walked over without decoding
 * a value, so that its bytes can be cut out and given to RESTORE as they are. Values of modules have no layout here: only
 * their module could take them in. Source: Redis rdb.c rdbLoadObject, module.c moduleTypeNameByID.
 */
import { type ByteReader, BytesError } from '../../core/bytes.ts';
import { readLength, readLengthOrEncoding } from './lengths.ts';
import { rdbTypes } from './objects.ts';

/** What is done with each string that is met: it has to move the reader behind it. */
export type StringVisitor = (reader: ByteReader) => void;

type Walk = (reader: ByteReader, text: StringVisitor) => void;

interface Layout {
  /** The RDB version that brought this type: a server that reads it, or a later one, takes the value. */
  readonly since: number;
  readonly walk: Walk;
}

/** The oldest version that payloads of RESTORE carry. */
const OLDEST_PAYLOAD_VERSION = 6;
const STREAM_ID_BYTES = 16;
const MILLISECONDS_BYTES = 8;
/** The last three of the 256 lengths of a score in decimal say: not a number, plus and minus infinity. */
const FIRST_SPECIAL_SCORE = 253;

/** Bytes behind the length byte of a string in a special encoding: by -1 - encoding. LZF tells its own. */
const INTEGER_BYTES = [1, 2, 4];
const LZF = 3;

export function skipString(reader: ByteReader): void {
  const length = readLengthOrEncoding(reader);
  if (length >= 0) {
    reader.take(length);
    return;
  }
  const encoding = -1 - length;
  const integerBytes = INTEGER_BYTES[encoding];
  if (integerBytes !== undefined) reader.take(integerBytes);
  else if (encoding === LZF) {
    const compressedBytes = readLength(reader);
    readLength(reader);
    reader.take(compressedBytes);
  } else throw new BytesError(`unknown string encoding ${encoding}`);
}

/** A count, then so many times `each`. Every item takes bytes, so a count beyond all measure ends with the input. */
function many(each: Walk): Walk {
  return (reader, text) => {
    for (let left = readLength(reader); left > 0; left--) each(reader, text);
  };
}

const one: Walk = (reader, text) => text(reader);

const pair: Walk = (reader, text) => {
  text(reader);
  text(reader);
};

const memberWithDecimalScore: Walk = (reader, text) => {
  text(reader);
  const length = reader.u8();
  if (length < FIRST_SPECIAL_SCORE) reader.take(length);
};

const memberWithScore: Walk = (reader, text) => {
  text(reader);
  reader.take(8);
};

/** Of a quicklist: whether it is packed, then a listpack, or one plain element. */
const quicklistNode: Walk = (reader, text) => {
  readLength(reader);
  text(reader);
};

function skipLengths(reader: ByteReader, count: number): void {
  for (let left = count; left > 0; left--) readLength(reader);
}

/** What each generation of streams added. */
interface StreamForm {
  /** Lengths behind the entries: count, last id; since 7.0 first id, last deleted id, entries ever added. */
  readonly fields: number;
  /** Lengths behind a group's name: last id; since 7.0 entries read. */
  readonly groupFields: number;
  /** When a consumer was seen; since 7.2 when it was active. */
  readonly consumerTimes: number;
}

function stream({ fields, groupFields, consumerTimes }: StreamForm): Walk {
  const pending = many((reader) => {
    reader.take(STREAM_ID_BYTES + MILLISECONDS_BYTES);
    readLength(reader);
  });
  const consumers = many((reader, text) => {
    text(reader);
    reader.take(consumerTimes * MILLISECONDS_BYTES);
    reader.take(readLength(reader) * STREAM_ID_BYTES);
  });
  const entries = many(pair);
  const groups = many((reader, text) => {
    text(reader);
    skipLengths(reader, groupFields);
    pending(reader, text);
    consumers(reader, text);
  });
  return (reader, text) => {
    entries(reader, text);
    skipLengths(reader, fields);
    groups(reader, text);
  };
}

/** By type number. What is packed into one string (ziplist, listpack, intset, zipmap) is a string to the file. */
const layouts: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [0, { since: 1, walk: one }],
  [1, { since: 1, walk: many(one) }],
  [2, { since: 1, walk: many(one) }],
  [3, { since: 1, walk: many(memberWithDecimalScore) }],
  [4, { since: 1, walk: many(pair) }],
  [5, { since: 8, walk: many(memberWithScore) }],
  [9, { since: 2, walk: one }],
  [10, { since: 2, walk: one }],
  [11, { since: 2, walk: one }],
  [12, { since: 2, walk: one }],
  [13, { since: 4, walk: one }],
  [14, { since: 7, walk: many(one) }],
  [15, { since: 9, walk: stream({ fields: 3, groupFields: 2, consumerTimes: 1 }) }],
  [16, { since: 10, walk: one }],
  [17, { since: 10, walk: one }],
  [18, { since: 10, walk: many(quicklistNode) }],
  [19, { since: 10, walk: stream({ fields: 8, groupFields: 3, consumerTimes: 1 }) }],
  [20, { since: 11, walk: one }],
  [21, { since: 11, walk: stream({ fields: 8, groupFields: 3, consumerTimes: 2 }) }],
]);

/**
 * Moves behind the object of this type, telling each string in it. Throws BytesError: EndOfInputError when it is not
 * complete yet.
 */
export function skipObject(reader: ByteReader, type: number, text: StringVisitor = skipString): void {
  const layout = layouts.get(type);
  if (layout === undefined) throw new BytesError(`no layout is known for values of type ${type}`);
  layout.walk(reader, text);
}

/** What an operator is told a value is that cannot be cut out; undefined for one that can. */
export function whyNotSkipped(reader: ByteReader, type: number): string | undefined {
  if (layouts.has(type)) return undefined;
  const name = rdbTypes.get(type)?.name;
  if (name === undefined) throw new BytesError(`unknown type or opcode ${type}`);
  return MODULE_TYPES.includes(type) ? `value of the module type ${readModuleName(reader)}` : name;
}

/** The RDB version to announce with a payload of this type: the lowest, so that older servers take what they can read. */
export function payloadVersionOf(type: number): number {
  return Math.max(OLDEST_PAYLOAD_VERSION, layouts.get(type)?.since ?? 0);
}

const MODULE_TYPES: readonly number[] = [6, 7];
const MODULE_NAME_LENGTH = 9;
const MODULE_NAME_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The ten lowest bits are the version of the module's own encoding. */
const MODULE_VERSION_BITS = 10n;
const LENGTH_64_BITS = 0x81;

/** Nine characters of six bits each, in front of the version. */
function readModuleName(reader: ByteReader): string {
  if (reader.u8() !== LENGTH_64_BITS) return 'unknown';
  let id = reader.u64be() >> MODULE_VERSION_BITS;
  let name = '';
  for (let place = 0; place < MODULE_NAME_LENGTH; place++) {
    name = (MODULE_NAME_CHARACTERS[Number(id & 63n)] ?? '') + name;
    id >>= 6n;
  }
  return name;
}
