/**
 * Owns the ids of a stream's entries: two unsigned numbers of 64 bits, their order, their neighbours, and their text. Which ids
 * a command takes in which place is the command's. Source: Redis t_stream.c streamCompareID, streamIncrID, streamDecrID;
 * util.c string2ull.
 */

/** A safe integer is always a number, everything above a bigint: so equal values are equal by ===. */
export type Uint64 = number | bigint;

export interface StreamId {
  readonly ms: Uint64;
  readonly seq: Uint64;
}

const UINT64 = 64;
export const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
export const MIN_ID: StreamId = { ms: 0, seq: 0 };
export const MAX_ID: StreamId = { ms: UINT64_MAX, seq: UINT64_MAX };

/** So many digits always fit a safe integer. */
const SAFE_DIGITS = 15;
/** No longer text is looked at. */
const LONGEST_TEXT = 127;

/** The lower 64 bits. */
export function toUint64(value: bigint): Uint64 {
  const cut = BigInt.asUintN(UINT64, value);
  return cut <= Number.MAX_SAFE_INTEGER ? Number(cut) : cut;
}

/** Negative when `a` comes first, 0 when they are the same. */
export function compareIds(a: StreamId, b: StreamId): number {
  if (a.ms !== b.ms) return a.ms < b.ms ? -1 : 1;
  if (a.seq === b.seq) return 0;
  return a.seq < b.seq ? -1 : 1;
}

export function isZero({ ms, seq }: StreamId): boolean {
  return ms === 0 && seq === 0;
}

export function idText({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}

/** As Redis's radix trees have it: 16 bytes, big-endian, as a latin1 string; such strings have the order of the ids. */
export function idBytes({ ms, seq }: StreamId): string {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeBigUInt64BE(BigInt(ms), 0);
  bytes.writeBigUInt64BE(BigInt(seq), 8);
  return bytes.latin1Slice();
}

function moved(value: Uint64, by: 1 | -1): Uint64 {
  if (typeof value === 'number' && (by < 0 || value < Number.MAX_SAFE_INTEGER)) return value + by;
  return toUint64(BigInt(value) + BigInt(by));
}

/** The least id above; undefined above the greatest. */
export function nextId({ ms, seq }: StreamId): StreamId | undefined {
  if (seq !== UINT64_MAX) return { ms, seq: moved(seq, 1) };
  return ms === UINT64_MAX ? undefined : { ms: moved(ms, 1), seq: 0 };
}

/** The greatest id below; undefined below 0-0. */
export function previousId({ ms, seq }: StreamId): StreamId | undefined {
  if (seq !== 0) return { ms, seq: moved(seq, -1) };
  return ms === 0 ? undefined : { ms: moved(ms, -1), seq: UINT64_MAX };
}

/** A number as strtoull reads it: blanks, a plus and leading zeros are taken, and a minus before a leading zero wraps around. */
function parseUint64(text: string): Uint64 | undefined {
  if (/^\d+$/.test(text) && text.length <= SAFE_DIGITS) return Number(text);
  const [, sign, digits] = /^[\t-\r ]*([+-]?)(\d+)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  // A negative number in its usual form is refused; only others get as far as strtoull.
  if (/^-[1-9]/.test(text)) return undefined;
  const value = BigInt(digits);
  if (value > UINT64_MAX) return undefined;
  return toUint64(sign === '-' ? -value : value);
}

/** What stands for the part behind the dash that the text leaves to whoever adds the entry. */
export const OPEN_SEQ = '*';

/** As ms-seq, or ms alone, which takes `missingSeq`; `seq` undefined for ms-*. Undefined when it is none. */
export function parseId(
  text: string,
  missingSeq: Uint64,
): StreamId | { readonly ms: Uint64; readonly seq: undefined } | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  // It is read as a C string.
  const end = text.indexOf('\0');
  const whole = end < 0 ? text : text.slice(0, end);
  const dash = whole.indexOf('-');
  const ms = parseUint64(dash < 0 ? whole : whole.slice(0, dash));
  if (ms === undefined) return undefined;
  if (dash < 0) return { ms, seq: missingSeq };
  const seqText = whole.slice(dash + 1);
  if (seqText === OPEN_SEQ) return { ms, seq: undefined };
  const seq = parseUint64(seqText);
  return seq === undefined ? undefined : { ms, seq };
}
