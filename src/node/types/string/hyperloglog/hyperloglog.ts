/**
 * Owns what a HyperLogLog is: a string of a header (magic, encoding, three unused bytes, the cardinality as it was last
 * counted) and 16384 registers, sparse or dense. Never looks at a key. Source: Redis hyperloglog.c struct hllhdr, hllAdd, hllMerge.
 */
import { INT64_MIN } from '../../../../core/int64.ts';
import type { StringValue } from '../../../keyspace/value.ts';
import { ByteString } from '../byte-string.ts';
import { DENSE_BYTES, getRegister, REGISTER_MAX, raiseRegister, setRegister } from './dense.ts';
import { estimate } from './estimate.ts';
import { placeOf, REGISTERS } from './hash.ts';
import { describeOpcodes, EMPTY_SPARSE, eachRun, raiseSparse } from './sparse.ts';

const MAGIC = 'HYLL';
const ENCODING_OFFSET = 4;
const DENSE = 0;
const SPARSE = 1;
/** The cached cardinality: 8 bytes, the lowest first; the highest bit of the last says that it is out of date. */
const CARDINALITY_OFFSET = 8;
const STALE_OFFSET = 15;
const STALE = 0x80;
const HEADER_BYTES = 16;

/** Whether a string can be one, by its header and length; what follows may still be damaged. */
export function isHyperLogLog(value: StringValue): boolean {
  if (value.length < HEADER_BYTES) return false;
  const header = value.slice(0, HEADER_BYTES);
  if (!header.startsWith(MAGIC)) return false;
  const encoding = header.charCodeAt(ENCODING_OFFSET);
  return encoding === SPARSE || (encoding === DENSE && value.length === HEADER_BYTES + DENSE_BYTES);
}

/** An empty one. */
export function emptyHyperLogLog(): ByteString {
  const bytes = Buffer.alloc(HEADER_BYTES + EMPTY_SPARSE.length);
  bytes.write(MAGIC, 'latin1');
  bytes[ENCODING_OFFSET] = SPARSE;
  bytes.set(EMPTY_SPARSE, HEADER_BYTES);
  return new ByteString(bytes);
}

export function isDense(bytes: Uint8Array): boolean {
  return bytes[ENCODING_OFFSET] === DENSE;
}

/** Makes a sparse one dense. False, and nothing changed, when it is damaged. */
export function makeDense(string: ByteString): boolean {
  if (isDense(string.bytes)) return true;
  const dense = Buffer.alloc(HEADER_BYTES + DENSE_BYTES);
  const whole = eachRun(string.bytes, HEADER_BYTES, (index, run, count) => {
    if (count > 0) for (let i = index; i < index + run; i++) setRegister(dense, HEADER_BYTES, i, count);
  });
  if (!whole) return false;
  dense.set(string.bytes.subarray(0, HEADER_BYTES));
  dense[ENCODING_OFFSET] = DENSE;
  string.splice(0, string.length, dense);
  return true;
}

/** Raises a register; undefined when the string is damaged. `maxSparseBytes`: beyond it the dense representation is taken. */
function raise(
  string: ByteString,
  index: number,
  count: number,
  maxSparseBytes: number,
): boolean | undefined {
  if (!isDense(string.bytes)) {
    const raised = raiseSparse(string, HEADER_BYTES, index, count, maxSparseBytes);
    if (raised === 'raised') markStale(string);
    if (raised !== 'full') return raised === 'corrupt' ? undefined : raised === 'raised';
    if (!makeDense(string)) return undefined;
  }
  return raiseRegister(string.bytes, HEADER_BYTES, index, count);
}

/** True when the element changed something; undefined when the string is damaged. */
export function addElement(string: ByteString, element: string, maxSparseBytes: number): boolean | undefined {
  const place = placeOf(element);
  return raise(string, place & (REGISTERS - 1), place >>> 14, maxSparseBytes);
}

/** Says that the cached cardinality no longer holds. */
export function markStale(string: ByteString): void {
  const bytes = string.bytes;
  bytes[STALE_OFFSET] = (bytes[STALE_OFFSET] as number) | STALE;
}

/** Raises `registers` (one byte each) to those of the string; false when it is damaged. */
export function mergeInto(registers: Uint8Array, bytes: Uint8Array): boolean {
  if (!isDense(bytes))
    return eachRun(bytes, HEADER_BYTES, (index, run, count) => {
      for (let i = index; i < index + run; i++) if (count > (registers[i] as number)) registers[i] = count;
    });
  for (let i = 0; i < REGISTERS; i++) {
    const count = getRegister(bytes, HEADER_BYTES, i);
    if (count > (registers[i] as number)) registers[i] = count;
  }
  return true;
}

/** The registers, one byte each; undefined when the string is damaged. */
export function registersOf(bytes: Uint8Array): Uint8Array | undefined {
  const registers = new Uint8Array(REGISTERS);
  return mergeInto(registers, bytes) ? registers : undefined;
}

/** Raises the string's registers to `registers`; damaged runs stay as they are. */
export function raiseAll(string: ByteString, registers: Uint8Array, maxSparseBytes: number): void {
  for (let i = 0; i < registers.length; i++) {
    const count = registers[i] as number;
    if (count > 0) raise(string, i, count, maxSparseBytes);
  }
  markStale(string);
}

/** The estimated cardinality, as a signed number of 64 bits. */
export function countRegisters(registers: Uint8Array): bigint {
  const histogram = new Uint32Array(REGISTER_MAX + 1);
  for (const count of registers) histogram[count] = (histogram[count] as number) + 1;
  const cardinality = estimate(histogram);
  // What llround gives for a number that is none.
  return Number.isFinite(cardinality) ? BigInt(cardinality) : INT64_MIN;
}

/** The cached cardinality; undefined when it is out of date. */
export function cachedCardinality(bytes: Buffer): bigint | undefined {
  return (bytes[STALE_OFFSET] as number) >= STALE ? undefined : bytes.readBigInt64LE(CARDINALITY_OFFSET);
}

export function cacheCardinality(string: ByteString, cardinality: bigint): void {
  string.bytes.writeBigInt64LE(cardinality, CARDINALITY_OFFSET);
}

/** The opcodes of a sparse one, for PFDEBUG DECODE; undefined when it is damaged. */
export function describeSparse(string: ByteString): string | undefined {
  return describeOpcodes(string.bytes, HEADER_BYTES);
}
