/** Owns the number of keys that EVAL and FCALL are told. Source: Redis eval.c evalGenericCommand; functions.c fcallCommandGeneric. */
import { error } from '../../protocol/resp/encode.ts';
import { parseInteger } from '../command/arguments.ts';
import { NOT_AN_INTEGER } from '../command/errors.ts';

const TOO_MANY = error("ERR Number of keys can't be greater than number of args");
const NEGATIVE = error("ERR Number of keys can't be negative");
const BAD_NUMBER = error('ERR Bad number of keys provided');

function inRange(count: number, most: number): number | string {
  if (count > most) return TOO_MANY;
  return count < 0 ? NEGATIVE : count;
}

/** Of EVAL; the encoded error reply otherwise. `most`: how many arguments follow. */
export function readKeyCount(text: string, most: number): number | string {
  const count = parseInteger(text);
  return count === undefined ? NOT_AN_INTEGER : inRange(count, most);
}

/** Of FCALL. */
export function readFunctionKeyCount(text: string, most: number): number | string {
  const count = parseInteger(text);
  return count === undefined ? BAD_NUMBER : inRange(count, most);
}
