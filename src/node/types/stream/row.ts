/** Owns the row of the stream type. */
import { idText } from '../../../protocol/text/stream-id.ts';
import type { TypeRow } from '../row.ts';
import { byName, type Group } from './group.ts';
import type { StreamEntry } from './node.ts';
import { Stream } from './stream.ts';

export const streamType: TypeRow<Stream> = {
  name: 'stream',
  holds: (value): value is Stream => value instanceof Stream,
  encoding: () => 'stream',
  copy: (stream) => stream.copy(),
  toRdb: (stream) => ({ ...stream.toRdb(), encoding: 'stream' }),
  fromRdb: (read, host) =>
    typeof read === 'string' || read.type !== 'stream' ? undefined : Stream.from(host, read),
  objectType: 6,
  rewrite,
  digest(stream, digest) {
    for (const { id, names, values } of stream.entries()) {
      digest.mix(`${id.ms}.${id.seq}`);
      for (const [at, name] of names.entries()) {
        digest.mix(name);
        digest.mix(values[at] as string);
      }
    }
  },
};

/** Names and values by turns. */
export function fieldsOf({ names, values }: StreamEntry): string[] {
  const fields: string[] = [];
  for (let at = 0; at < names.length; at++) fields.push(names[at] as string, values[at] as string);
  return fields;
}

/** Source: aof.c rewriteStreamObject. */
function* rewrite(key: string, stream: Stream): IterableIterator<readonly string[]> {
  for (const entry of stream.entries()) yield ['XADD', key, idText(entry.id), ...fieldsOf(entry)];
  // There is no command for a stream without entries.
  if (stream.size === 0) yield ['XADD', key, 'MAXLEN', '0', '0-1', 'x', 'y'];
  const { lastId, entriesAdded, maxDeletedId } = stream;
  yield [
    'XSETID',
    key,
    idText(lastId),
    'ENTRIESADDED',
    String(entriesAdded),
    'MAXDELETEDID',
    idText(maxDeletedId),
  ];
  for (const group of byName(stream.groups.values())) yield* rewriteGroup(key, group);
}

function* rewriteGroup(key: string, group: Group): IterableIterator<readonly string[]> {
  const entriesRead = String(group.entriesRead ?? -1);
  yield ['XGROUP', 'CREATE', key, group.name, idText(group.lastId), 'ENTRIESREAD', entriesRead];
  for (const { name, pending } of byName(group.consumers.values())) {
    if (pending.size === 0) yield ['XGROUP', 'CREATECONSUMER', key, group.name, name];
    for (const { id, deliveredAtMs, deliveryCount } of pending) {
      const state = ['TIME', String(deliveredAtMs), 'RETRYCOUNT', String(deliveryCount), 'JUSTID', 'FORCE'];
      yield ['XCLAIM', key, group.name, name, '0', idText(id), ...state];
    }
  }
}
