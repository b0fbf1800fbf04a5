/**
 * Owns lists in RDB: plain (type 1), a ziplist (10), a row of ziplists (14) or of listpacks and plain elements (18); written as the
 * last. Source: Redis rdb.c rdbLoadObject, rdbSaveObject; quicklist.c _quicklistNodeAllowInsert.
 */
import { type ByteReader, BytesError, ByteWriter } from '../../core/bytes.ts';
import { EmptyCollectionError } from './empty.ts';
import { readLength, writeLength } from './lengths.ts';
import { ListpackReader, ListpackWriter } from './listpack.ts';
import type { RdbList } from './objects.ts';
import { readBytes, readString, writeString } from './strings.ts';
import { readZiplist } from './ziplist.ts';

/** What a node of a quicklist is: one element as it is, or a listpack of many. */
const PLAIN = 1;
const PACKED = 2;

/** As list-max-listpack-size -2 has it: a node takes no more when it would grow beyond this. */
const NODE_BYTES = 8192;
/** What Redis reckons for an entry besides its text. */
const ENTRY_OVERHEAD_BYTES = 8;

function listOf(elements: readonly string[]): RdbList {
  if (elements.length === 0) throw new EmptyCollectionError('an empty list');
  return { type: 'list', size: elements.length, elements };
}

export function readPlainList(reader: ByteReader): RdbList {
  const elements: string[] = [];
  for (let left = readLength(reader); left > 0; left--) elements.push(readString(reader));
  return listOf(elements);
}

export function readZiplistList(reader: ByteReader): RdbList {
  return listOf(readZiplist(readBytes(reader)));
}

export function readZiplistNodes(reader: ByteReader): RdbList {
  const elements: string[] = [];
  for (let left = readLength(reader); left > 0; left--)
    for (const element of readZiplist(readBytes(reader))) elements.push(element);
  return listOf(elements);
}

export function readQuicklist(reader: ByteReader): RdbList {
  const elements: string[] = [];
  for (let left = readLength(reader); left > 0; left--) {
    const container = readLength(reader);
    if (container === PLAIN) {
      const element = readString(reader);
      if (element === '') throw new BytesError('a plain node without bytes');
      elements.push(element);
    } else if (container === PACKED) {
      const listpack = new ListpackReader(readBytes(reader));
      while (!listpack.done) elements.push(listpack.text());
    } else throw new BytesError(`a quicklist node of the unknown kind ${container}`);
  }
  return listOf(elements);
}

/** As type 18. The count of nodes comes first, so they are made before anything is written. */
export function writeQuicklist(writer: ByteWriter, list: RdbList, compress: boolean): void {
  const nodes = new ByteWriter();
  let count = 0;
  let node: ListpackWriter | undefined;
  const close = (): void => {
    if (node === undefined) return;
    writeLength(nodes, PACKED);
    writeString(nodes, node.finish(), compress);
    count++;
  };
  for (const element of list.elements) {
    const isFull = node !== undefined && node.byteLength + element.length + ENTRY_OVERHEAD_BYTES > NODE_BYTES;
    if (node === undefined || isFull) {
      close();
      node = new ListpackWriter();
    }
    node.text(element);
  }
  close();
  writeLength(writer, count);
  writer.raw(nodes.bytes());
}
