/**
 * Owns SETBIT, GETBIT, BITCOUNT, BITPOS and BITOP. Source: Redis bitops.c.
 */
import { error, integer, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { parseInt64, parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { countOnes, findBit, getBit, setBit } from '../../types/string/bits.ts';
import { ByteString } from '../../types/string/byte-string.ts';
import { bytesOf, isString } from '../../types/string/string.ts';
import { BAD_BIT_OFFSET, parseBitOffset } from './offset.ts';

const BAD_BIT = error('ERR bit is not an integer or out of range');
const BIT_NOT_0_OR_1 = error('ERR The bit argument must be 1 or 0.');
const NOT_NEEDS_ONE_KEY = error('ERR BITOP NOT must be called with a single source key.');

function setbit(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const offset = parseBitOffset(context, argv[2] as string);
  if (offset === undefined) return BAD_BIT_OFFSET;
  const bit = parseInt64(argv[3] as string);
  if (bit !== 0 && bit !== 1) return BAD_BIT;
  const db = context.db;
  const value = db.lookupWrite(key)?.value;
  if (value !== undefined && !isString(value)) return WRONG_TYPE;
  const length = Math.floor(offset / 8) + 1;
  let before: 0 | 1 = 0;
  if (value === undefined) {
    const bytes = new ByteString(Buffer.alloc(length));
    setBit(bytes.bytes, offset, bit);
    db.set(key, bytes);
  } else {
    const bytes = db.editString(key);
    before = getBit(bytes.bytes, offset);
    if (before === bit && bytes.length >= length) return before === 0 ? ZERO : ONE;
    bytes.growTo(length);
    setBit(bytes.bytes, offset, bit);
    db.changed(key);
  }
  db.notify('$', 'setbit', key);
  return before === 0 ? ZERO : ONE;
}

function getbit(context: Context, argv: readonly string[]): Reply {
  const offset = parseBitOffset(context, argv[2] as string);
  if (offset === undefined) return BAD_BIT_OFFSET;
  const value = context.db.lookupRead(argv[1] as string)?.value;
  if (value === undefined) return ZERO;
  if (!isString(value)) return WRONG_TYPE;
  const index = Math.floor(offset / 8);
  const byte = typeof value === 'string' ? value.charCodeAt(index) : (value.bytes[index] ?? 0);
  // charCodeAt gives NaN past the end, whose bits are 0.
  return (byte & (0x80 >> (offset % 8))) === 0 ? ZERO : ONE;
}

/** The unit of a range: undefined when the word is neither BIT nor BYTE. */
function parseUnit(word: string | undefined): 'bit' | 'byte' | undefined {
  const unit = word?.toLowerCase() ?? 'byte';
  return unit === 'bit' || unit === 'byte' ? unit : undefined;
}

/** A range given with indexes that may count from the end, in bits [start, end); empty when start >= end. */
function bitRange(from: number, to: number, unit: 'bit' | 'byte', length: number): [number, number] {
  const total = unit === 'bit' ? length * 8 : length;
  const start = Math.max(0, from < 0 ? total + from : from);
  const end = Math.min(total - 1, Math.max(0, to < 0 ? total + to : to));
  return unit === 'bit' ? [start, end + 1] : [start * 8, (end + 1) * 8];
}

function bitcount(context: Context, argv: readonly string[]): Reply {
  const value = context.db.lookupRead(argv[1] as string)?.value;
  if (value === undefined) return ZERO;
  if (!isString(value)) return WRONG_TYPE;
  if (argv.length === 2) return integer(countOnes(bytesOf(value), 0, value.length * 8));
  if (argv.length !== 4 && argv.length !== 5) return SYNTAX_ERROR;
  const from = parseInteger(argv[2] as string);
  const to = from === undefined ? undefined : parseInteger(argv[3] as string);
  if (from === undefined || to === undefined) return NOT_AN_INTEGER;
  if (from < 0 && to < 0 && from > to) return ZERO;
  const unit = parseUnit(argv[4]);
  if (unit === undefined) return SYNTAX_ERROR;
  const [start, end] = bitRange(from, to, unit, value.length);
  return integer(countOnes(bytesOf(value), start, end));
}

function bitpos(context: Context, argv: readonly string[]): Reply {
  const bit = parseInt64(argv[2] as string);
  if (bit === undefined) return NOT_AN_INTEGER;
  if (bit !== 0 && bit !== 1) return BIT_NOT_0_OR_1;
  const value = context.db.lookupRead(argv[1] as string)?.value;
  if (value === undefined) return integer(bit === 1 ? -1 : 0);
  if (!isString(value)) return WRONG_TYPE;
  if (argv.length > 6) return SYNTAX_ERROR;
  const from = parseInteger(argv[3] ?? '0');
  if (from === undefined) return NOT_AN_INTEGER;
  const unit = parseUnit(argv[5]);
  if (unit === undefined) return SYNTAX_ERROR;
  const to = parseInteger(argv[4] ?? '-1');
  if (to === undefined) return NOT_AN_INTEGER;
  const [start, end] = bitRange(from, to, unit, value.length);
  if (start >= end) return integer(-1);
  const found = findBit(bytesOf(value), bit, start, end);
  // Without an end the string is followed by zeros without end.
  return integer(found < 0 && bit === 0 && argv.length < 5 ? value.length * 8 : found);
}

type BitOperation = 'AND' | 'OR' | 'XOR' | 'NOT';

/** Shorter sources count as if filled with zeros. */
function combine(operation: BitOperation, sources: readonly Uint8Array[], length: number): Buffer {
  const result = Buffer.alloc(length);
  result.set(sources[0] as Uint8Array);
  if (operation === 'NOT') {
    for (let i = 0; i < length; i++) result[i] = ~(result[i] as number);
    return result;
  }
  for (const source of sources.slice(1)) {
    const shared = Math.min(length, source.length);
    if (operation === 'AND') {
      for (let i = 0; i < shared; i++) result[i] = (result[i] as number) & (source[i] as number);
      result.fill(0, shared);
    } else if (operation === 'OR') {
      for (let i = 0; i < shared; i++) result[i] = (result[i] as number) | (source[i] as number);
    } else {
      for (let i = 0; i < shared; i++) result[i] = (result[i] as number) ^ (source[i] as number);
    }
  }
  return result;
}

function bitop(context: Context, argv: readonly string[]): Reply {
  const operation = (argv[1] as string).toUpperCase();
  if (operation !== 'AND' && operation !== 'OR' && operation !== 'XOR' && operation !== 'NOT')
    return SYNTAX_ERROR;
  if (operation === 'NOT' && argv.length !== 4) return NOT_NEEDS_ONE_KEY;
  const db = context.db;
  const target = argv[2] as string;
  const sources: Uint8Array[] = [];
  let length = 0;
  for (let i = 3; i < argv.length; i++) {
    const value = db.lookupRead(argv[i] as string)?.value ?? '';
    if (!isString(value)) return WRONG_TYPE;
    sources.push(bytesOf(value));
    length = Math.max(length, value.length);
  }
  if (length > 0) {
    db.set(target, new ByteString(combine(operation, sources, length)));
    db.notify('$', 'set', target);
  } else if (db.delete(target)) {
    db.notify('g', 'del', target);
  }
  return integer(length);
}

export const bitRows: readonly CommandRow[] = [
  {
    name: 'setbit',
    arity: 4,
    flags: ['write', 'denyoom'],
    categories: ['bitmap'],
    keySpecs: [keys(['RW', 'access', 'update'])],
    summary: 'Sets or clears a bit of the string of a key and returns what it was',
    since: '2.2.0',
    group: 'bitmap',
    complexity: 'O(1)',
    handler: setbit,
  },
  {
    name: 'getbit',
    arity: 3,
    flags: ['readonly', 'fast'],
    categories: ['bitmap'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns a bit of the string of a key',
    since: '2.2.0',
    group: 'bitmap',
    complexity: 'O(1)',
    handler: getbit,
  },
  {
    name: 'bitcount',
    arity: -2,
    flags: ['readonly'],
    categories: ['bitmap'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Counts the bits that are set in the string of a key, or in a part of it',
    since: '2.6.0',
    group: 'bitmap',
    complexity: 'O(N) for N bytes',
    handler: bitcount,
  },
  {
    name: 'bitpos',
    arity: -3,
    flags: ['readonly'],
    categories: ['bitmap'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Finds the first bit that is set, or clear, in the string of a key or in a part of it',
    since: '2.8.7',
    group: 'bitmap',
    complexity: 'O(N) for N bytes',
    handler: bitpos,
  },
  {
    name: 'bitop',
    arity: -4,
    flags: ['write', 'denyoom'],
    categories: ['bitmap'],
    keySpecs: [keys(['OW', 'update'], 2), keys(['RO', 'access'], 3, -1)],
    summary: 'Combines the bits of several strings and keeps the result in a key',
    since: '2.6.0',
    group: 'bitmap',
    complexity: 'O(N) for N bytes',
    handler: bitop,
  },
];
