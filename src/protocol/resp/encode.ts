/**
 * Owns the encoding of replies as latin1 strings, one character a byte, ready for `socket.write(s, 'latin1')`.
 * `resp` is the protocol version of the client (2 or 3); what both write alike does not take it.
 * Source: the RESP specification; Redis networking.c addReply*.
 */

import { formatDouble } from '../text/double.ts';

export type RespVersion = 2 | 3;

export const OK = '+OK\r\n';
export const PONG = '+PONG\r\n';
export const QUEUED = '+QUEUED\r\n';
export const ZERO = ':0\r\n';
export const ONE = ':1\r\n';
export const EMPTY_ARRAY = '*0\r\n';
export const EMPTY_BULK = '$0\r\n\r\n';

export function simple(text: string): string {
  return `+${text}\r\n`;
}

/**
 * An error reply. The first word of `text` is the error code ("ERR syntax error"); line breaks become spaces, as
 * Redis's afterErrorReply does.
 */
export function error(text: string): string {
  return /[\r\n]/.test(text) ? `-${text.replace(/[\r\n]/g, ' ')}\r\n` : `-${text}\r\n`;
}

export function isError(reply: string): boolean {
  return reply !== lastMade && reply.charCodeAt(0) === 45;
}

/** A signed 64-bit whole number. */
export function integer(value: number | bigint): string {
  return value === 0 ? ZERO : value === 1 ? ONE : `:${value}\r\n`;
}

/** What stands before bulk strings of usual lengths: made once, since every reply with a value begins so. */
const bulkHeaders = Array.from({ length: 1024 }, (_, length) => `$${length}\r\n`);

/**
 * The bulk string or array that was made last. It is no error; looking at its first character to find that out would make
 * V8 copy its parts together.
 */
let lastMade = '';
const KEPT_LENGTH = 64 * 1024;

/** A latin1 string, one character a byte. */
export function bulk(text: string): string {
  const header = bulkHeaders[text.length];
  if (header === undefined) return `$${text.length}\r\n${text}\r\n`;
  lastMade = `${header}${text}\r\n`;
  return lastMade;
}

export function nullBulk(resp: RespVersion): string {
  return resp === 2 ? '$-1\r\n' : '_\r\n';
}

export function nullArray(resp: RespVersion): string {
  return resp === 2 ? '*-1\r\n' : '_\r\n';
}

/** A number with a fraction; a bulk string for RESP2. */
export function double(value: number, resp: RespVersion): string {
  return resp === 2 ? bulk(formatDouble(value)) : `,${formatDouble(value)}\r\n`;
}

export function bulkOrNull(text: string | undefined, resp: RespVersion): string {
  return text === undefined ? nullBulk(resp) : bulk(text);
}

/** Already encoded items, framed as an array. */
export function array(items: readonly string[]): string {
  if (items.length === 0) return EMPTY_ARRAY;
  const reply = `*${items.length}\r\n${items.join('')}`;
  // A large one would be kept in memory for it.
  if (reply.length < KEPT_LENGTH) lastMade = reply;
  return reply;
}

/**
 * Texts as bulk strings, framed as an array. It is not remembered as made here: `isError` looks at its first character, by which
 * V8 copies its parts together while they are in the processor's cache. Later, among other replies, they would not be.
 */
export function bulkArray(texts: Iterable<string>): string {
  let count = 0;
  let items = '';
  for (const text of texts) {
    items += bulk(text);
    count++;
  }
  return `*${count}\r\n${items}`;
}

/** Already encoded items, key and value by turns; a flat array for RESP2. */
export function map(items: readonly string[], resp: RespVersion): string {
  return `${resp === 2 ? `*${items.length}` : `%${items.length / 2}`}\r\n${items.join('')}`;
}

/** Already encoded items; an array for RESP2. */
export function set(items: readonly string[], resp: RespVersion): string {
  return `${resp === 2 ? '*' : '~'}${items.length}\r\n${items.join('')}`;
}

/** Already encoded items; an array for RESP2. */
export function push(items: readonly string[], resp: RespVersion): string {
  return `${resp === 2 ? '*' : '>'}${items.length}\r\n${items.join('')}`;
}

export function boolean(value: boolean, resp: RespVersion): string {
  return resp === 2 ? (value ? ONE : ZERO) : value ? '#t\r\n' : '#f\r\n';
}

/** A text such as INFO's: verbatim for RESP3, a bulk string for RESP2. `format` has three characters. */
export function verbatim(text: string, resp: RespVersion, format = 'txt'): string {
  return resp === 2 ? bulk(text) : `=${text.length + 4}\r\n${format}:${text}\r\n`;
}

/** A request as clients send it: an array of bulk strings, each latin1. */
export function request(args: readonly string[]): string {
  return bulkArray(args);
}
