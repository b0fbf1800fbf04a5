/**
 * Owns LZF, the compression of strings in RDB. The stream is a row of runs: a control byte below 32 says that
 * control + 1 literal bytes follow; any other is a reference back into the output: three bits of length, thirteen of
 * distance, and a length byte between them where the three bits are all set. Which matches are taken is free; here they are
 * chosen as Redis chooses them, so that the same value gives the same DUMP payload on either server.
 * Source: the LibLZF format description; Redis lzf_c.c and lzf_d.c.
 */
import { BytesError } from '../../core/bytes.ts';

const MAX_LITERALS = 32;
const MAX_DISTANCE = 8192;
const MAX_MATCH = 264;
/** The best a reference does: three bytes that stand for 264. */
const MAX_EXPANSION = MAX_MATCH / 3;

const HASH_BITS = 16;
/**
 * Where three bytes were seen last: scratch of one call, kept because clearing 256 KiB for a short string would
 * cost more than compressing it. Positions count on from call to call, so that those of former calls are too low to matter.
 */
const seen = new Int32Array(1 << HASH_BITS);
let nextBase = 1;

function hashOf(bytes: Uint8Array, at: number): number {
  const middle = bytes[at + 1] as number;
  const first = ((bytes[at] as number) << 8) | middle;
  const last = (middle << 8) | (bytes[at + 2] as number);
  return (first - last * 5) & ((1 << HASH_BITS) - 1);
}

/** Bytes that match at `from` and `at`, of which three are known to. As Redis rounds: near the end, not always to it. */
function matchLength(bytes: Uint8Array, from: number, at: number, end: number): number {
  const room = Math.min(end - at - 2, MAX_MATCH);
  const most = room > 16 ? Math.max(room, 19) : room;
  let length = 3;
  while (length < most && bytes[from + length] === bytes[at + length]) length++;
  return length;
}

/**
 * Compresses the bytes [0, end) of `input` into `output` and returns the length, or 0 when more than `limit`
 * bytes would be needed. `output` has room for `limit` + 4 bytes.
 */
export function lzfCompress(input: Uint8Array, end: number, output: Uint8Array, limit: number): number {
  if (end === 0 || limit === 0) return 0;
  if (nextBase > 0x7fffffff - end) {
    seen.fill(0);
    nextBase = 1;
  }
  const base = nextBase;
  nextBase += end;

  let at = 0;
  let literals = 0;
  // The byte before the literals of the open run is kept free for its control byte.
  let out = 1;
  while (at < end - 2) {
    const hash = hashOf(input, at);
    const from = (seen[hash] as number) - base;
    seen[hash] = base + at;
    const distance = at - from - 1;
    if (
      from > 0 &&
      distance < MAX_DISTANCE &&
      input[from] === input[at] &&
      input[from + 1] === input[at + 1] &&
      input[from + 2] === input[at + 2]
    ) {
      if (out - (literals === 0 ? 1 : 0) + 4 >= limit) return 0;
      if (literals === 0) out--;
      else output[out - literals - 1] = literals - 1;
      const length = matchLength(input, from, at, end);
      const code = length - 2;
      if (code < 7) {
        output[out++] = (distance >> 8) | (code << 5);
      } else {
        output[out++] = (distance >> 8) | (7 << 5);
        output[out++] = code - 7;
      }
      output[out++] = distance & 0xff;
      literals = 0;
      out++;
      at += length;
      if (at >= end - 2) break;
      // Of the places inside the match only the last two are remembered.
      seen[hashOf(input, at - 2)] = base + at - 2;
      seen[hashOf(input, at - 1)] = base + at - 1;
    } else {
      if (out >= limit) return 0;
      output[out++] = input[at++] as number;
      if (++literals === MAX_LITERALS) {
        output[out - literals - 1] = literals - 1;
        literals = 0;
        out++;
      }
    }
  }
  if (out + 3 > limit) return 0;
  while (at < end) {
    output[out++] = input[at++] as number;
    if (++literals === MAX_LITERALS) {
      output[out - literals - 1] = literals - 1;
      literals = 0;
      out++;
    }
  }
  if (literals === 0) out--;
  else output[out - literals - 1] = literals - 1;
  return out;
}

/** Whether `compressedLength` bytes can at all stand for `length`: asked before memory is taken for them. */
export function lzfCanExpandTo(compressedLength: number, length: number): boolean {
  return length <= compressedLength * MAX_EXPANSION;
}

/** Fills `output` from the bytes [start, end) of `input`. Throws BytesError unless they give exactly its length. */
export function lzfDecompress(input: Uint8Array, start: number, end: number, output: Uint8Array): void {
  let at = start;
  let out = 0;
  while (at < end) {
    const control = input[at++] as number;
    if (control < MAX_LITERALS) {
      const next = at + control + 1;
      if (next > end || out + control + 1 > output.length) throw new BytesError('LZF: a run past the end');
      while (at < next) output[out++] = input[at++] as number;
      continue;
    }
    let code = control >> 5;
    if (at + (code === 7 ? 2 : 1) > end) throw new BytesError('LZF: cut off inside a reference');
    if (code === 7) code += input[at++] as number;
    let from = out - ((control & 0x1f) << 8) - (input[at++] as number) - 1;
    const next = out + code + 2;
    if (from < 0 || next > output.length) throw new BytesError('LZF: a reference outside the output');
    // Source and target may overlap: a short pattern repeats itself.
    while (out < next) output[out++] = output[from++] as number;
  }
  if (out !== output.length) throw new BytesError(`LZF: ${out} bytes where ${output.length} were announced`);
}
