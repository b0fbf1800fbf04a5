/**
 * Owns the arguments of SCAN and its relatives for sets, hashes and sorted sets. Source: Redis db.c
 * parseScanCursorOrReply, scanGenericCommand.
 */
import { error } from '../../protocol/resp/encode.ts';
import { parseInteger } from '../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../command/errors.ts';

export const INVALID_CURSOR = error('ERR invalid cursor');
const DEFAULT_COUNT = 10;
/** Our cursors need no more (keyspace/store.ts): 32 bits for the bucket, 14 for the slot. */
const CURSOR_BITS = 46;

/** A number of 64 bits as strtoul takes it: with a sign, even empty. Undefined when it is none. */
export function parseCursor(text: string): number | undefined {
  if (!/^(?:[+-]?\d+)?$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, '') || '0');
  if (value >= 2n ** 64n || value <= -(2n ** 64n)) return undefined;
  return Number(BigInt.asUintN(CURSOR_BITS, value));
}

export interface ScanOptions {
  count: number;
  /** Undefined: everything matches. */
  pattern: string | undefined;
  /** In lower case. Only SCAN takes it. */
  type: string | undefined;
}

/** The options from argv[first] on, or the error reply. */
export function parseScanOptions(
  argv: readonly string[],
  first: number,
  withType: boolean,
): ScanOptions | string {
  const options: ScanOptions = { count: DEFAULT_COUNT, pattern: undefined, type: undefined };
  for (let i = first; i < argv.length; i += 2) {
    const word = (argv[i] as string).toUpperCase();
    const value = argv[i + 1];
    if (value === undefined) return SYNTAX_ERROR;
    if (word === 'COUNT') {
      const count = parseInteger(value);
      if (count === undefined) return NOT_AN_INTEGER;
      if (count < 1) return SYNTAX_ERROR;
      options.count = count;
    } else if (word === 'MATCH') {
      options.pattern = value === '*' ? undefined : value;
    } else if (word === 'TYPE' && withType) {
      options.type = value.toLowerCase();
    } else return SYNTAX_ERROR;
  }
  return options;
}
