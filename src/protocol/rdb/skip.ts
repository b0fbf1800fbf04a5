/**
 * Owns where an object of an RDB file ends: the layout of every type of Redis 7.2 and before, walked over without decoding
 * a value, so that its bytes can be cut out and given to RESTORE as they are, or waited for. Values of modules have no layout here: only
 * their module could take them in. Source: Redis rdb.c rdbLoadObject, module.c moduleTypeNameByID.
 */
import { type ByteReader, BytesError } from '../../core/bytes.ts';
import { readLength, readLengthOrEncoding } from './lengths.ts';
import { rdbTypes } from './objects.ts';

/** What is done with each string that is met: it has to move the reader behind it. */
export type StringVisitor = (reader: ByteReader) => void;

/** One thing after the other; or a count, and so many times the same things. */
type Piece = ((reader: ByteReader, text: StringVisitor) => void) | { readonly each: Pieces };
type Pieces = readonly Piece[];

interface Layout {
  /** The RDB version that brought this type: a server that reads it, or a later one, takes the value. */
  readonly since: number;
  readonly pieces: Pieces;
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

const text: Piece = (reader, visit) => visit(reader);

const anyLength: Piece = (reader) => {
  readLength(reader);
};

function bytes(count: number): Piece {
  return (reader) => {
    reader.take(count);
  };
}

const decimalScore: Piece = (reader) => {
  const length = reader.u8();
  if (length < FIRST_SPECIAL_SCORE) reader.take(length);
};

/** What each generation of streams added. */
interface StreamForm {
  /** Lengths behind the entries: count, last id; since 7.0 first id, last deleted id, entries ever added. */
  readonly fields: number;
  /** Lengths behind a group's name: last id; since 7.0 entries read. */
  readonly groupFields: number;
  /** When a consumer was seen; since 7.2 when it was active. */
  readonly consumerTimes: number;
}

function stream({ fields, groupFields, consumerTimes }: StreamForm): Pieces {
  const lengths = (count: number): Pieces => Array<Piece>(count).fill(anyLength);
  const pending = { each: [bytes(STREAM_ID_BYTES + MILLISECONDS_BYTES), anyLength] };
  const ids = { each: [bytes(STREAM_ID_BYTES)] };
  const consumers = { each: [text, bytes(consumerTimes * MILLISECONDS_BYTES), ids] };
  const groups = { each: [text, ...lengths(groupFields), pending, consumers] };
  return [{ each: [text, text] }, ...lengths(fields), groups];
}

const single: Pieces = [text];
const list: Pieces = [{ each: [text] }];

/** By type number. What is packed into one string (ziplist, listpack, intset, zipmap) is a string to the file. */
const layouts: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [0, { since: 1, pieces: single }],
  [1, { since: 1, pieces: list }],
  [2, { since: 1, pieces: list }],
  [3, { since: 1, pieces: [{ each: [text, decimalScore] }] }],
  [4, { since: 1, pieces: [{ each: [text, text] }] }],
  [5, { since: 8, pieces: [{ each: [text, bytes(8)] }] }],
  [9, { since: 2, pieces: single }],
  [10, { since: 2, pieces: single }],
  [11, { since: 2, pieces: single }],
  [12, { since: 2, pieces: single }],
  [13, { since: 4, pieces: single }],
  [14, { since: 7, pieces: list }],
  [15, { since: 9, pieces: stream({ fields: 3, groupFields: 2, consumerTimes: 1 }) }],
  [16, { since: 10, pieces: single }],
  [17, { since: 10, pieces: single }],
  // Of a quicklist's nodes: whether it is packed, then a listpack, or one plain element.
  [18, { since: 10, pieces: [{ each: [anyLength, text] }] }],
  [19, { since: 10, pieces: stream({ fields: 8, groupFields: 3, consumerTimes: 1 }) }],
  [20, { since: 11, pieces: single }],
  [21, { since: 11, pieces: stream({ fields: 8, groupFields: 3, consumerTimes: 2 }) }],
]);

/** Pieces that are being walked over, `left` times more from the first on. */
interface Frame {
  readonly outer: Frame | undefined;
  readonly pieces: Pieces;
  at: number;
  left: number;
}

/** The way over one object. */
export class ObjectWalk {
  #frame: Frame | undefined;

  constructor(pieces: Pieces) {
    this.#frame = { outer: undefined, pieces, at: 0, left: 1 };
  }

  /**
   * Moves to the end of the object, telling each string in it. Throws BytesError; an EndOfInputError leaves the reader
   * behind the last piece that is whole, and the walk is to be gone on with from there. Every piece takes bytes, so a count
   * beyond all measure ends with the input.
   */
  advance(reader: ByteReader, visit: StringVisitor = skipString): void {
    let start = reader.offset;
    let frame = this.#frame;
    try {
      while (frame !== undefined) {
        const piece: Piece | undefined = frame.pieces[frame.at];
        start = reader.offset;
        if (typeof piece === 'function') {
          piece(reader, visit);
          frame.at++;
        } else if (piece === undefined) {
          frame.at = 0;
          if (--frame.left === 0) frame = frame.outer;
        } else {
          // Behind its last piece: so many times more are still to come.
          const inner: Frame = {
            outer: frame,
            pieces: piece.each,
            at: piece.each.length,
            left: 1 + readLength(reader),
          };
          frame.at++;
          frame = inner;
        }
      }
    } catch (error) {
      reader.offset = start;
      this.#frame = frame;
      throw error;
    }
    this.#frame = undefined;
  }
}

/**
 * Moves behind the object of this type, telling each string in it. Throws BytesError: EndOfInputError when it is not
 * complete yet.
 */
export function skipObject(reader: ByteReader, type: number, visit: StringVisitor = skipString): void {
  const { pieces } = layoutOf(type);
  // Most values are one string to the file.
  if (pieces === single) visit(reader);
  else new ObjectWalk(pieces).advance(reader, visit);
}

/** For an object whose bytes come in parts; undefined for types without a layout. */
export function walkOver(type: number): ObjectWalk | undefined {
  const layout = layouts.get(type);
  return layout === undefined ? undefined : new ObjectWalk(layout.pieces);
}

function layoutOf(type: number): Layout {
  const layout = layouts.get(type);
  if (layout === undefined) throw new BytesError(`no layout is known for values of type ${type}`);
  return layout;
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
