/**
 * Owns the count of nodes that Redis's radix tree has for the nodes of a stream, which XINFO shows: runs of bytes without a fork,
 * forks, and leaves. Source: Redis rax.c.
 */
import { idBytes, type StreamId } from '../../../protocol/text/stream-id.ts';

const KEY_BYTES = 16;

/** `ids` in order. The tree without keys is one node. */
export function radixNodes(ids: readonly StreamId[]): number {
  const keys = ids.map(idBytes);
  return keys.length === 0 ? 1 : nodesOf(keys, 0, keys.length, 0);
}

/** Of the keys [first, end), which are the same up to `depth`; there is at least one. */
function nodesOf(keys: readonly string[], first: number, end: number, depth: number): number {
  const common = commonBytes(keys[first] as string, keys[end - 1] as string, depth);
  let nodes = (common > depth ? 1 : 0) + 1;
  if (common === KEY_BYTES) return nodes;
  for (let start = first; start < end; ) {
    const byte = keys[start]?.charCodeAt(common);
    let next = start + 1;
    while (next < end && keys[next]?.charCodeAt(common) === byte) next++;
    nodes += nodesOf(keys, start, next, common + 1);
    start = next;
  }
  return nodes;
}

/** All keys between two have in common what these have. */
function commonBytes(a: string, b: string, from: number): number {
  let at = from;
  while (at < KEY_BYTES && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
