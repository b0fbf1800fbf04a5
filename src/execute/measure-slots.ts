/**
 * Owns the measuring of slots: how many keys each holds, or about how many bytes they take. Memory is sampled: the mean
 * of MEMORY USAGE of a few keys of the slot, times its keys. Asks masters only; changes nothing.
 */
import { type Command, type Reply, ReplyError, refusal } from '../client/command.ts';
import type { NodeClient } from '../client/node-client.ts';
import type { ClientPool } from '../client/pool.ts';
import { mastersOf, type Topology } from '../cluster/topology.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { SlotSet } from '../protocol/slots/slot-set.ts';
import { countKeys, keysIn, listKeys } from './slot-keys.ts';

/** Keys of a slot of which the size is asked. */
export const sampledKeys = 16;
/** Slots that are asked for in one write: a node is not kept from its clients for long. */
const batchSlots = 256;

/** Keys, or bytes, in each slot. Throws a TribError. */
export async function measureSlots(
  pool: ClientPool,
  topology: Topology,
  unit: 'keys' | 'memory',
): Promise<Float64Array> {
  const loads = new Float64Array(SLOT_COUNT);
  await Promise.all(
    mastersOf(topology).map(async ({ address, slots, view }) => {
      if (view === undefined || view.keyCount === 0) return;
      const client = pool.at(address);
      const own = [...SlotSet.fromRanges(slots)];
      for (let at = 0; at < own.length; at += batchSlots) {
        await measureBatch(client, own.slice(at, at + batchSlots), unit, loads);
      }
    }),
  );
  return loads;
}

async function measureBatch(
  client: NodeClient,
  slots: readonly number[],
  unit: 'keys' | 'memory',
  loads: Float64Array,
): Promise<void> {
  const counts = await countKeys(client, slots);
  const full = slots.flatMap((slot, index) => {
    const keys = counts[index] ?? 0;
    if (unit === 'keys') loads[slot] = keys;
    return keys > 0 ? [{ slot, keys }] : [];
  });
  if (unit === 'keys' || full.length === 0) return;
  const samples = await askAll(
    client,
    full.map(({ slot }) => listKeys(slot, sampledKeys)),
  );
  const sampled = full.flatMap((entry, index) => keysIn(samples[index]).map((key) => ({ ...entry, key })));
  const sizes = await askAll(
    client,
    sampled.map(({ key }) => ['MEMORY', 'USAGE', key]),
  );
  const sums = new Map<number, { bytes: number; samples: number; keys: number }>();
  for (const [index, { slot, keys }] of sampled.entries()) {
    const size = sizes[index];
    // A key that has gone meanwhile has no size.
    if (typeof size !== 'number') continue;
    const sum = sums.get(slot) ?? { bytes: 0, samples: 0, keys };
    sums.set(slot, { bytes: sum.bytes + size, samples: sum.samples + 1, keys });
  }
  for (const [slot, { bytes, samples: count, keys }] of sums) loads[slot] = (bytes / count) * keys;
}

async function askAll(client: NodeClient, commands: readonly Command[]): Promise<Reply[]> {
  if (commands.length === 0) return [];
  const replies = await client.pipeline(commands, { repeatable: true });
  for (const [index, reply] of replies.entries()) {
    if (!(reply instanceof ReplyError)) continue;
    // A key in an open slot may have gone over meanwhile.
    if (/^(ASK|MOVED|TRYAGAIN)\b/.test(reply.message)) replies[index] = null;
    else throw refusal(client.address, commands[index] ?? [], reply);
  }
  return replies;
}
