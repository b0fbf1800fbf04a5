/**
 * Owns the question for a node's settings that should be the same on all nodes. A password leaves this file only as a
 * number of its own: enough to see whether two are the same.
 */
import { type Command, type Reply, ReplyError } from '../client/command.ts';
import { comparedSettings, secretSettings } from '../cluster/drift.ts';

const names = [...comparedSettings, ...secretSettings];
/** Every password that was seen, by its number. */
const secrets: Buffer[] = [];

/** One command each: servers before 7.0 take one name at a time. */
export const settingsQuestions: readonly Command[] = names.map((name) => ['CONFIG', 'GET', name]);

/** By name; undefined where CONFIG is not allowed. Settings that the server does not have are not in it. */
export function settingsOf(replies: readonly Reply[]): ReadonlyMap<string, string> | undefined {
  if (replies.every((reply) => reply instanceof ReplyError)) return undefined;
  const settings = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const reply = replies[index];
    const value = Array.isArray(reply) ? reply[1] : undefined;
    if (!Buffer.isBuffer(value)) continue;
    const secret = secretSettings.some((other) => other === name);
    settings.set(name, secret ? numberOf(value) : value.toString());
  }
  return settings;
}

/** "" stays "": no password is set. */
function numberOf(secret: Buffer): string {
  if (secret.length === 0) return '';
  const known = secrets.findIndex((other) => other.equals(secret));
  return `secret ${known < 0 ? secrets.push(secret) - 1 : known}`;
}
