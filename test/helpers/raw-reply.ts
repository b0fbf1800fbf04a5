/** Owns the cutting of a byte stream into whole replies, RESP2 and RESP3, without understanding them. */

/** The end of the reply that begins at `start`, or -1 when it is not complete. `text` is latin1. As deep as may be. */
export function replyEnd(text: string, start: number): number {
  let end = start;
  for (let missing = 1; missing > 0; missing--) {
    const lineEnd = text.indexOf('\r\n', end);
    if (lineEnd < 0) return -1;
    const kind = text[end] ?? '';
    const count = Number(text.slice(end + 1, lineEnd));
    end = lineEnd + 2;
    if ('$=!'.includes(kind)) {
      if (count >= 0) end += count + 2;
      if (end > text.length) return -1;
    } else if ('*~>%|'.includes(kind)) {
      // An attribute is followed by the reply it belongs to.
      missing += Math.max(0, count) * ('%|'.includes(kind) ? 2 : 1) + (kind === '|' ? 1 : 0);
    }
  }
  return end;
}
