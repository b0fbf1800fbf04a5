/** Owns the questions which keys a node holds of slots: how many, and their names. */
import type { Command, Reply } from '../client/command.ts';
import type { NodeClient } from '../client/node-client.ts';

/** By the order of `slots`. All in one write. Throws a TribError. */
export async function countKeys(client: NodeClient, slots: readonly number[]): Promise<number[]> {
  return (await client.demandAll(slots.map(countKeysIn), { repeatable: true })).map(Number);
}

export function countKeysIn(slot: number): Command {
  return ['CLUSTER', 'COUNTKEYSINSLOT', slot];
}

export function listKeys(slot: number, most: number): Command {
  return ['CLUSTER', 'GETKEYSINSLOT', slot, most];
}

/** The keys in a list that a node replied. */
export function keysIn(reply: Reply | undefined): Buffer[] {
  return Array.isArray(reply) ? reply.filter((key) => Buffer.isBuffer(key)) : [];
}
