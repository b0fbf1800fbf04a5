/** Owns how members and their scores are replied. Source: Redis t_zset.c zrangeResultEmitCBufferToClient, genericZpopCommand. */
import { array, bulk, bulkArray, double, type RespVersion } from '../../../protocol/resp/encode.ts';
import type { ScoredMember } from '../../types/zset/sorted-set.ts';

/** Each member and its score as an array of two. */
export function pairsReply(members: readonly ScoredMember[], resp: RespVersion): string {
  return array(members.map(({ key, score }) => `*2\r\n${bulk(key)}${double(score, resp)}`));
}

/** With scores: one flat array for RESP2, pairs for RESP3. */
export function membersReply(
  members: readonly ScoredMember[],
  withScores: boolean,
  resp: RespVersion,
): string {
  if (!withScores) return bulkArray(members.map(({ key }) => key));
  return resp === 2 ? flatReply(members, resp) : pairsReply(members, resp);
}

/** Members and scores by turns. */
export function flatReply(members: readonly ScoredMember[], resp: RespVersion): string {
  const items: string[] = [];
  for (const { key, score } of members) items.push(bulk(key), double(score, resp));
  return array(items);
}
