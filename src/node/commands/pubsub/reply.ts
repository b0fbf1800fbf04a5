/** Owns how clients are told of their subscriptions: by messages in place of a reply. Source: Redis pubsub.c addReplyPubsubSubscribed, CLIENT_PUSHING. */
import { NO_REPLY, type Reply } from '../../command/row.ts';
import type { Session } from '../../dispatch/session.ts';

/**
 * CLIENT REPLY keeps none of them back. In a transaction they are what the command gives to EXEC; and a replica is to get
 * no reply at all, which its connection sees to.
 */
export function tell(client: Session, messages: string): Reply {
  if (client.queue !== undefined || client.kind === 'replica') return messages;
  client.write(messages);
  return NO_REPLY;
}
