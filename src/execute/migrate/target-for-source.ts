/**
 * Owns the question where the source of a move reaches its target with MIGRATE, which need not be where we reach it: a
 * node behind a NAT announces another address, and nodes that speak TLS among themselves (tls-cluster) want the port
 * for TLS, although we may use the plain one. Source: cluster.c migrateGetSocket, clusterGenNodeDescription.
 */
import { type Command, ReplyError } from '../../client/command.ts';
import type { NodeClient } from '../../client/node-client.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { NodeLine } from '../../protocol/text/nodes.ts';

/** `seen` is the target's line as the source has it. Throws a TribError when a node does not answer. */
export async function targetForSource(
  source: NodeClient,
  target: NodeClient,
  seen: NodeLine | undefined,
): Promise<Address> {
  const host = seen === undefined || seen.ip === '' ? target.address.host : seen.ip;
  const port = seen?.port ?? target.address.port;
  // To a client that speaks TLS the nodes tell the ports for it.
  if (source.speaksTls || (await settingOf(source, 'tls-cluster')) !== 'yes') return { host, port };
  const [announced, own] = await Promise.all([
    settingOf(target, 'cluster-announce-tls-port'),
    settingOf(target, 'tls-port'),
  ]);
  return { host, port: Number(announced) || Number(own) || port };
}

/** Undefined where the server does not know it, or does not tell. */
async function settingOf(client: NodeClient, name: string): Promise<string | undefined> {
  const command: Command = ['CONFIG', 'GET', name];
  const [reply = null] = await client.pipeline([command], { repeatable: true });
  if (reply instanceof ReplyError || !Array.isArray(reply)) return undefined;
  return reply[1] === undefined ? undefined : String(reply[1]);
}
