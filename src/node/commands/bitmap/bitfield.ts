/**
 * Owns BITFIELD and BITFIELD_RO: whole numbers of any width in the bits of a string. Source: Redis bitops.c bitfieldGeneric.
 */
import { array, error, integer, nullBulk } from '../../../protocol/resp/encode.ts';
import { INT64_MAX, parseInt64, parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from '../../command/errors.ts';
import { type CommandRow, type KeyReference, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { getField, setField } from '../../types/string/bits.ts';
import { ByteString } from '../../types/string/byte-string.ts';
import { bytesOf, isString } from '../../types/string/string.ts';
import { BAD_BIT_OFFSET, parseFieldOffset } from './offset.ts';

const BAD_TYPE = error(
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
);
const BAD_OVERFLOW = error('ERR Invalid OVERFLOW type specified');
const ONLY_GET = error('ERR BITFIELD_RO only supports the GET subcommand');

type Overflow = 'WRAP' | 'SAT' | 'FAIL';

interface FieldOperation {
  readonly name: 'GET' | 'SET' | 'INCRBY';
  readonly signed: boolean;
  readonly width: number;
  /** In bits. */
  readonly offset: number;
  /** What is set or added. */
  readonly operand: bigint;
  readonly overflow: Overflow;
}

/** "i16", "u8": i1 to i64, u1 to u63. */
function parseFieldType(text: string): { signed: boolean; width: number } | undefined {
  const signed = text.startsWith('i');
  if (!signed && !text.startsWith('u')) return undefined;
  const width = parseInteger(text.slice(1));
  return width === undefined || width < 1 || width > (signed ? 64 : 63) ? undefined : { signed, width };
}

/** The operations, or the error reply. */
function parseOperations(context: Context, argv: readonly string[]): FieldOperation[] | string {
  const operations: FieldOperation[] = [];
  let overflow: Overflow = 'WRAP';
  for (let i = 2; i < argv.length; ) {
    const name = (argv[i] as string).toUpperCase();
    const rest = argv.length - i - 1;
    if (name === 'OVERFLOW' && rest >= 1) {
      const kind = (argv[i + 1] as string).toUpperCase();
      if (kind !== 'WRAP' && kind !== 'SAT' && kind !== 'FAIL') return BAD_OVERFLOW;
      overflow = kind;
      i += 2;
      continue;
    }
    if (!(name === 'GET' && rest >= 2) && !((name === 'SET' || name === 'INCRBY') && rest >= 3))
      return SYNTAX_ERROR;
    const type = parseFieldType(argv[i + 1] as string);
    if (type === undefined) return BAD_TYPE;
    const offset = parseFieldOffset(context, argv[i + 2] as string, type.width);
    if (offset === undefined) return BAD_BIT_OFFSET;
    const operand = name === 'GET' ? 0 : parseInt64(argv[i + 3] as string);
    if (operand === undefined) return NOT_AN_INTEGER;
    operations.push({ name, ...type, offset, operand: BigInt(operand), overflow });
    i += name === 'GET' ? 3 : 4;
  }
  return operations;
}

function readField(bytes: Uint8Array, { signed, width, offset }: FieldOperation): bigint {
  const field = getField(bytes, offset, width);
  return signed ? BigInt.asIntN(width, field) : field;
}

/** What is to be stored: brought into the field's range, or undefined where that is a failure. */
function toRange(value: bigint, { signed, width, overflow }: FieldOperation): bigint | undefined {
  const bits = BigInt(width);
  const max = (1n << (signed ? bits - 1n : bits)) - 1n;
  const min = signed ? -max - 1n : 0n;
  if (value >= min && value <= max) return value;
  if (overflow === 'FAIL') return undefined;
  if (overflow === 'SAT') return value > max ? max : min;
  return signed ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
}

/**
 * What SET compares with the field's range, as C's arithmetic of 64 bits has it: a negative number for an unsigned
 * field, or one far below a signed field's range, counts as a very high one.
 */
function operandOfSet({ signed, width, operand }: FieldOperation): bigint {
  const max = (1n << BigInt(width - 1)) - 1n;
  const wraps = signed ? width < 64 && max - operand > INT64_MAX : true;
  return wraps ? BigInt.asUintN(64, operand) : operand;
}

/** Runs one write; `changed` tells whether it wrote something else than was there. */
function write(
  bytes: Uint8Array,
  operation: FieldOperation,
): { result: bigint | undefined; changed: boolean } {
  const before = readField(bytes, operation);
  const setting = operation.name === 'SET';
  const operand = setting ? operandOfSet(operation) : operation.operand;
  const after = toRange(setting ? operand : before + operand, operation);
  if (after === undefined) return { result: undefined, changed: false };
  setField(bytes, operation.offset, operation.width, after);
  return { result: setting ? before : after, changed: before !== after };
}

function bitfield(context: Context, argv: readonly string[], readonly: boolean): Reply {
  const operations = parseOperations(context, argv);
  if (typeof operations === 'string') return operations;
  const key = argv[1] as string;
  const db = context.db;
  const writes = operations.filter((operation) => operation.name !== 'GET');
  if (writes.length === 0) {
    const value = db.lookupRead(key)?.value ?? '';
    if (!isString(value)) return WRONG_TYPE;
    const bytes = bytesOf(value);
    return array(operations.map((operation) => integer(readField(bytes, operation))));
  }
  if (readonly) return ONLY_GET;
  const length = Math.max(...writes.map(({ offset, width }) => Math.floor((offset + width - 1) / 8) + 1));
  const value = db.lookupWrite(key)?.value;
  if (value !== undefined && !isString(value)) return WRONG_TYPE;
  const string = value === undefined ? new ByteString(Buffer.alloc(length)) : db.editString(key);
  const grown = string.length < length;
  string.growTo(length);
  let changes = 0;
  const replies = operations.map((operation) => {
    if (operation.name === 'GET') return integer(readField(string.bytes, operation));
    const { result, changed } = write(string.bytes, operation);
    if (result === undefined) return nullBulk(context.resp);
    if (changed || grown || value === undefined) changes++;
    return integer(result);
  });
  if (value === undefined) db.set(key, string);
  else if (changes > 0) db.changed(key, changes);
  if (changes > 0) db.notify('$', 'setbit', key);
  return array(replies);
}

/** Without SET and INCRBY the key is only read. Source: db.c bitfieldGetKeys. */
function bitfieldKeys(argv: readonly string[]): KeyReference[] {
  const writes = argv.some((word, i) => i >= 2 && /^(?:set|incrby)$/i.test(word));
  return [{ index: 1, flags: writes ? ['RW', 'access', 'update'] : ['RO', 'access'] }];
}

export const bitfieldRows: readonly CommandRow[] = [
  {
    name: 'bitfield',
    arity: -2,
    flags: ['write', 'denyoom'],
    categories: ['bitmap'],
    keySpecs: [
      {
        ...keys(['RW', 'access', 'update', 'variable_flags']),
        notes: 'The key is written only with SET or INCRBY',
      },
    ],
    getKeys: bitfieldKeys,
    summary: 'Reads, sets and counts whole numbers of any width within the bits of a string',
    since: '3.2.0',
    group: 'bitmap',
    complexity: 'O(1) for each operation',
    handler: (context, argv) => bitfield(context, argv, false),
  },
  {
    name: 'bitfield_ro',
    arity: -2,
    flags: ['readonly', 'fast'],
    categories: ['bitmap'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Reads whole numbers of any width within the bits of a string',
    since: '6.0.0',
    group: 'bitmap',
    complexity: 'O(1) for each operation',
    handler: (context, argv) => bitfield(context, argv, true),
  },
];
