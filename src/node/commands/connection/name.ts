/** Owns the names of connections. Source: Redis networking.c clientSetNameOrReply. */
import { error } from '../../../protocol/resp/encode.ts';
import type { Session } from '../../dispatch/session.ts';

/** An empty name takes the name away. The error reply when the name cannot be had. */
export function setName(client: Session, name: string): string | undefined {
  if (!/^[!-~]*$/.test(name))
    return error('ERR Client names cannot contain spaces, newlines or special characters.');
  client.name = name;
  return undefined;
}
