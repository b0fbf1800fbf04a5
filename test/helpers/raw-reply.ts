/** Owns the cutting of a byte stream into whole replies, RESP2 and RESP3, without understanding them. */

/** The end of the reply that begins at `start`, or -1 when it is not complete. `text` is latin1. */
export function replyEnd(text: string, start: number): number {
  const lineEnd = text.indexOf('\r\n', start);
  if (lineEnd < 0) return -1;
  const kind = text[start] ?? '';
  const rest = text.slice(start + 1, lineEnd);
  const after = lineEnd + 2;
  if ('$=!'.includes(kind)) {
    const length = Number(rest);
    const end = length < 0 ? after : after + length + 2;
    return end <= text.length ? end : -1;
  }
  if (!'*~>%|'.includes(kind)) return after;
  // An attribute is followed by the reply it belongs to.
  const items = Number(rest) * ('%|'.includes(kind) ? 2 : 1) + (kind === '|' ? 1 : 0);
  let end = after;
  for (let i = 0; i < items; i++) {
    end = replyEnd(text, end);
    if (end < 0) return -1;
  }
  return end;
}
