/**
 * Owns the commands that change a part of a string. Source: Redis t_string.c appendCommand, setrangeCommand.
 */
import { error, integer } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, WRONG_TYPE } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { ByteString } from '../../types/string/byte-string.ts';
import { isString } from '../../types/string/string.ts';
import { lengthError } from './length.ts';

/** Up to here a changed string is made anew; longer ones are changed in place. */
const IN_PLACE_BYTES = 1024;

const OFFSET_OUT_OF_RANGE = error('ERR offset is out of range');

function append(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const tail = argv[2] as string;
  const db = context.db;
  const value = db.lookupWrite(key)?.value;
  let length = tail.length;
  if (value === undefined) {
    db.set(key, tail);
  } else {
    if (!isString(value)) return WRONG_TYPE;
    length += value.length;
    const tooLong = lengthError(context, length);
    if (tooLong !== undefined) return tooLong;
    if (typeof value === 'string' && length <= IN_PLACE_BYTES) {
      db.replaceValue(key, value + tail, 'raw');
    } else {
      db.editString(key).writeAt(value.length, tail);
      db.changed(key);
    }
  }
  db.notify('$', 'append', key);
  return integer(length);
}

function setrange(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const offset = parseInteger(argv[2] as string);
  const part = argv[3] as string;
  if (offset === undefined) return NOT_AN_INTEGER;
  if (offset < 0) return OFFSET_OUT_OF_RANGE;
  const db = context.db;
  const entry = db.lookupWrite(key);
  const value = entry?.value ?? '';
  if (!isString(value)) return WRONG_TYPE;
  if (part.length === 0) return integer(value.length);
  const end = offset + part.length;
  const tooLong = lengthError(context, end);
  if (tooLong !== undefined) return tooLong;
  const length = Math.max(value.length, end);
  if (typeof value === 'string' && length <= IN_PLACE_BYTES) {
    const changed = value.slice(0, offset).padEnd(offset, '\0') + part + value.slice(end);
    if (entry === undefined) db.set(key, changed, -1, 'raw');
    else db.replaceValue(key, changed, 'raw');
  } else if (entry === undefined) {
    const bytes = new ByteString(Buffer.alloc(end));
    bytes.writeAt(offset, part);
    db.set(key, bytes);
  } else {
    db.editString(key).writeAt(offset, part);
    db.changed(key);
  }
  db.notify('$', 'setrange', key);
  return integer(length);
}

export const modifyRows: readonly CommandRow[] = [
  {
    name: 'append',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    keySpecs: [keys(['RW', 'insert'])],
    summary: 'Adds bytes to the end of the string of a key',
    since: '2.0.0',
    group: 'string',
    complexity: 'O(1) amortised, in the length of what is added',
    handler: append,
  },
  {
    name: 'setrange',
    arity: 4,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    keySpecs: [keys(['RW', 'update'])],
    summary: 'Overwrites a part of the string of a key, from an offset on',
    since: '2.2.0',
    group: 'string',
    complexity: 'O(M) for M bytes written',
    handler: setrange,
  },
];
