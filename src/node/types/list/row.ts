/** Owns the row of the list type. */

import { estimatedBytes } from '../memory.ts';
import { rewriteInParts } from '../rewrite.ts';
import type { TypeRow } from '../row.ts';
import { List } from './list.ts';

/** As seen in V8: a list with its first chunk, and an element's place in a chunk. */
const EMPTY_BYTES = 200;
const PLACE_BYTES = 8;

export const listType: TypeRow<List> = {
  name: 'list',
  holds: (value): value is List => value instanceof List,
  encoding: () => 'quicklist',
  copy: (list) => list.copy(),
  toRdb: (list) => ({ type: 'list', encoding: 'quicklist', size: list.size, elements: list.elements() }),
  fromRdb(read) {
    if (typeof read === 'string' || read.type !== 'list') return undefined;
    const list = new List();
    for (const element of read.elements) list.pushTail(element);
    return list;
  },
  objectType: 1,
  rewrite: (key, list) => rewriteInParts(['RPUSH', key], list.elements(), 1),
  digest(list, digest) {
    for (const element of list.elements()) digest.mix(element);
  },
  memoryBytes: (list) => EMPTY_BYTES + estimatedBytes(list.elements(), list.size, 1, PLACE_BYTES),
};
