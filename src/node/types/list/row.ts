/** Owns the row of the list type. */
import { rewriteInParts } from '../rewrite.ts';
import type { TypeRow } from '../row.ts';
import { List } from './list.ts';

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
};
