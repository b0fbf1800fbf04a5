/**
 * Owns the writing of requests into bytes without strings in between: every write of a node passes here, on its way to
 * replicas and to the append only file. Source: the RESP specification; Redis aof.c catAppendOnlyGenericCommand.
 */

const ARRAY = 42;
const BULK = 36;
const CR = 13;
const LF = 10;
const ZERO = 48;
/** A mark, a length and the end of the line. */
const MAX_HEAD_BYTES = 16;
/** Up to here a loop is faster than a call into the runtime. */
const SHORT_LENGTH = 16;

/** Writes "*3" or "$12" and the end of the line; returns where it ends. */
function writeHead(bytes: Buffer, start: number, mark: number, count: number): number {
  let at = start;
  bytes[at++] = mark;
  if (count < 10) {
    bytes[at++] = ZERO + count;
  } else if (count < 100) {
    bytes[at++] = ZERO + Math.trunc(count / 10);
    bytes[at++] = ZERO + (count % 10);
  } else {
    const text = String(count);
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  }
  bytes[at++] = CR;
  bytes[at++] = LF;
  return at;
}

/** No request is longer than this. */
export function requestBoundBytes(argv: readonly string[]): number {
  let boundBytes = MAX_HEAD_BYTES;
  for (let i = 0; i < argv.length; i++) boundBytes += (argv[i] as string).length + MAX_HEAD_BYTES + 2;
  return boundBytes;
}

/** Writes the request (latin1 strings) from `start` on, where there must be room for it; returns where it ends. */
export function writeRequest(bytes: Buffer, start: number, argv: readonly string[]): number {
  let at = writeHead(bytes, start, ARRAY, argv.length);
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string;
    const length = arg.length;
    at = writeHead(bytes, at, BULK, length);
    if (length <= SHORT_LENGTH) for (let j = 0; j < length; j++) bytes[at + j] = arg.charCodeAt(j);
    else bytes.latin1Write(arg, at, length);
    at += length;
    bytes[at++] = CR;
    bytes[at++] = LF;
  }
  return at;
}
