/** Owns how ids and entries are replied. Source: Redis t_stream.c streamReplyWithRange, addReplyStreamID. */
import { array, bulk, nullArray, type RespVersion } from '../../../protocol/resp/encode.ts';
import { idText, type StreamId } from '../../../protocol/text/stream-id.ts';
import type { StreamEntry } from '../../types/stream/node.ts';

export function idReply(id: StreamId): string {
  return bulk(idText(id));
}

/** The id, and names and values by turns. */
export function entryReply({ id, names, values }: StreamEntry): string {
  let reply = `*2\r\n${idReply(id)}*${2 * names.length}\r\n`;
  for (let at = 0; at < names.length; at++) reply += bulk(names[at] as string) + bulk(values[at] as string);
  return reply;
}

/** What is pending still, but no longer in the stream. */
export function goneEntryReply(id: StreamId, resp: RespVersion): string {
  return `*2\r\n${idReply(id)}${nullArray(resp)}`;
}

/** At most `count` of them; 0 for all. */
export function entriesReply(entries: Iterable<StreamEntry>, count: number): string {
  const replies: string[] = [];
  for (const entry of entries) {
    replies.push(entryReply(entry));
    if (replies.length === count) break;
  }
  return array(replies);
}
