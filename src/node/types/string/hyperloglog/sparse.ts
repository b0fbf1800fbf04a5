/**
 * Owns the sparse representation: runs of registers that have the same count, as opcodes of one or two bytes. ZERO
 * 00xxxxxx: 1 to 64 registers of 0; XZERO 01xxxxxx yyyyyyyy: 1 to 16384 of 0; VAL 1vvvvvxx: 1 to 4 of 1 to 32. Which opcodes
 * a change leaves behind is part of the format: replicas compare digests. Source: Redis hyperloglog.c hllSparseSet.
 */
import type { ByteString } from '../byte-string.ts';
import { REGISTERS } from './hash.ts';

/** The highest count that an opcode can tell. */
export const SPARSE_MAX_COUNT = 32;
const MAX_ZEROS = 64;
const MAX_VALUES = 4;
/** So many opcodes around a change are looked at for neighbours that can be one. */
const MERGE_OPCODES = 5;

/** All registers 0. */
export const EMPTY_SPARSE: readonly number[] = zeros(REGISTERS);

function zeros(run: number): number[] {
  const length = run - 1;
  return run > MAX_ZEROS ? [(length >> 8) | 0x40, length & 0xff] : [length];
}

function values(count: number, run: number): number {
  return ((count - 1) << 2) | (run - 1) | 0x80;
}

const isValue = (opcode: number): boolean => opcode >= 0x80;
const isLongZero = (opcode: number): boolean => (opcode & 0xc0) === 0x40;
const countOf = (opcode: number): number => (isValue(opcode) ? ((opcode >> 2) & 0x1f) + 1 : 0);
const sizeOf = (opcode: number): number => (isLongZero(opcode) ? 2 : 1);

/** How many registers the opcode at `at` stands for. */
function runAt(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at] as number;
  if (isValue(opcode)) return (opcode & 3) + 1;
  // An XZERO that the end cuts off is read as if a zero came, as C's strings end.
  if (isLongZero(opcode)) return (((opcode & 0x3f) << 8) | (bytes[at + 1] ?? 0)) + 1;
  return (opcode & 0x3f) + 1;
}

/**
 * Visits each run of registers. False when the opcodes do not stand for exactly as many registers as there are; a run
 * that leaves the registers is not visited.
 */
export function eachRun(
  bytes: Uint8Array,
  start: number,
  visit: (index: number, run: number, count: number) => void,
): boolean {
  let index = 0;
  for (let at = start; at < bytes.length; at += sizeOf(bytes[at] as number)) {
    const run = runAt(bytes, at);
    if (index + run > REGISTERS) return false;
    visit(index, run, countOf(bytes[at] as number));
    index += run;
  }
  return index === REGISTERS;
}

/**
 * The opcodes as PFDEBUG DECODE shows them: "Z:" and "z:" zeros, "v:" count and run. Undefined when there are more than
 * registers, so that a long string that is none costs no memory.
 */
export function describeOpcodes(bytes: Uint8Array, start: number): string | undefined {
  const words: string[] = [];
  for (let at = start; at < bytes.length; at += sizeOf(bytes[at] as number)) {
    if (words.length === REGISTERS) return undefined;
    const opcode = bytes[at] as number;
    const run = runAt(bytes, at);
    if (isValue(opcode)) words.push(`v:${countOf(opcode)},${run}`);
    else words.push(`${isLongZero(opcode) ? 'Z' : 'z'}:${run}`);
  }
  return words.join(' ');
}

/** What came of `raiseSparse`: 'full' when the change needs the dense representation. */
export type Raised = 'raised' | 'unchanged' | 'full' | 'corrupt';

/**
 * Raises the register `index` to `count`. `maxBytes`: the whole string must not grow beyond it.
 */
export function raiseSparse(
  string: ByteString,
  start: number,
  index: number,
  count: number,
  maxBytes: number,
): Raised {
  if (count > SPARSE_MAX_COUNT) return 'full';
  const bytes = string.bytes;
  let first = 0;
  let at = start;
  let before = start;
  let run = 0;
  for (; at < bytes.length; at += sizeOf(bytes[at] as number)) {
    run = runAt(bytes, at);
    if (index < first + run) break;
    before = at;
    first += run;
  }
  if (at >= bytes.length) return 'corrupt';
  const opcode = bytes[at] as number;
  const current = countOf(opcode);
  if (current >= count) return 'unchanged';
  if (run === 1 && !isLongZero(opcode)) {
    bytes[at] = values(count, 1);
  } else {
    const same = (length: number): number[] =>
      length === 0 ? [] : current > 0 ? [values(current, length)] : zeros(length);
    const opcodes = [...same(index - first), values(count, 1), ...same(first + run - 1 - index)];
    const size = sizeOf(opcode);
    const growth = opcodes.length - size;
    if (growth > 0 && bytes.length + growth > maxBytes) return 'full';
    // Of an opcode that the end cuts off, the last byte of what takes its place is cut off too.
    const missing = Math.max(0, at + size - bytes.length);
    string.splice(at, size, opcodes.slice(0, opcodes.length - missing));
  }
  mergeNeighbours(string, before);
  return 'raised';
}

/** Makes one of neighbouring VAL opcodes of the same count, where their run is not too long for it. */
function mergeNeighbours(string: ByteString, from: number): void {
  let at = from;
  for (let left = MERGE_OPCODES; left > 0 && at < string.length; left--) {
    const bytes = string.bytes;
    const opcode = bytes[at] as number;
    const next = bytes[at + 1] ?? 0;
    if (isValue(opcode) && isValue(next) && countOf(opcode) === countOf(next)) {
      const run = runAt(bytes, at) + runAt(bytes, at + 1);
      if (run <= MAX_VALUES) {
        string.splice(at, 2, [values(countOf(opcode), run)]);
        continue;
      }
    }
    at += sizeOf(opcode);
  }
}
