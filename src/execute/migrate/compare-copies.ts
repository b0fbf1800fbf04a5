/**
 * Owns the proof that a key's copy on the target is the same as on the source: same value, same time to live. DEBUG
 * DIGEST-VALUE is off by default since 7.0, so payloads of DUMP are compared; where those differ although the values
 * may not (a hash table's order, another server's encoding), the values themselves.
 */
import { type Command, type Reply, ReplyError, refusal } from '../../client/command.ts';
import type { NodeClient } from '../../client/node-client.ts';

export interface Comparison {
  /** On both nodes, and the same. */
  readonly equal: readonly Buffer[];
  /** On both nodes, and not the same. */
  readonly differing: readonly Buffer[];
  /** On the source only. */
  readonly missing: readonly Buffer[];
}

/** MIGRATE sends what is left of a time to live, so a copy's end moves by the time that it was on its way. */
const ttlToleranceMs = 1000;
/** Version (2 bytes) and checksum (8) at the end of a payload of DUMP. */
const dumpFooterBytes = 10;
/** Keys are compared a few at a time, since their values are held here meanwhile. */
const chunkKeys = 32;

/** Two nodes that hold copies; the target imports the slot, or owns it. */
interface CopyEnds {
  readonly source: NodeClient;
  readonly target: NodeClient;
  /** The source does not own the slot. */
  readonly sourceImports?: boolean;
}

/** Keys that the source does not hold any more are in no list. Throws a TribError. */
export async function compareCopies(ends: CopyEnds, keys: readonly Buffer[]): Promise<Comparison> {
  const { source, target, sourceImports: asking = false } = ends;
  const found: { equal: Buffer[]; differing: Buffer[]; missing: Buffer[] } = {
    equal: [],
    differing: [],
    missing: [],
  };
  for (let at = 0; at < keys.length; at += chunkKeys) {
    const chunk = keys.slice(at, at + chunkKeys);
    const [here, there] = await Promise.all([copiesOn(source, chunk, asking), copiesOn(target, chunk, true)]);
    for (const [index, key] of chunk.entries()) {
      const [own, copy] = [here[index], there[index]];
      if (own === undefined) continue;
      if (copy === undefined) found.missing.push(key);
      else if (sameTtl(own, copy) && (samePayload(own, copy) || (await sameValue(ends, key))))
        found.equal.push(key);
      else found.differing.push(key);
    }
  }
  return found;
}

interface Copy {
  readonly payload: Buffer;
  /** -1: without end. */
  readonly ttlMs: number;
}

/** The copy of each key, undefined where there is none. A node that imports the slot answers after ASKING only. */
async function copiesOn(
  client: NodeClient,
  keys: readonly Buffer[],
  asking: boolean,
): Promise<(Copy | undefined)[]> {
  const replies = await askAbout(
    client,
    keys.flatMap((key) => [
      ['DUMP', key],
      ['PTTL', key],
    ]),
    asking,
  );
  return keys.map((_, index) => {
    const payload = replies[index * 2];
    return Buffer.isBuffer(payload) ? { payload, ttlMs: Number(replies[index * 2 + 1]) } : undefined;
  });
}

/** Replies to commands about keys of an open slot; one of a key that is not there (ASK, TRYAGAIN) counts as null. */
async function askAbout(client: NodeClient, commands: readonly Command[], asking: boolean): Promise<Reply[]> {
  const sent = asking ? commands.flatMap((command) => [['ASKING'], command]) : commands;
  const replies = await client.pipeline(sent, { repeatable: true });
  return commands.map((command, index) => {
    const reply = replies[asking ? index * 2 + 1 : index] ?? null;
    if (!(reply instanceof ReplyError)) return reply;
    if (reply.code === 'ASK' || reply.code === 'TRYAGAIN') return null;
    throw refusal(client.address, command, reply);
  });
}

function sameTtl(a: Copy, b: Copy): boolean {
  if (a.ttlMs < 0 || b.ttlMs < 0) return a.ttlMs === b.ttlMs;
  return Math.abs(a.ttlMs - b.ttlMs) <= ttlToleranceMs;
}

function samePayload(a: Copy, b: Copy): boolean {
  const [bodyOfA, bodyOfB] = [a, b].map(({ payload }) => payload.subarray(0, -dumpFooterBytes));
  return bodyOfA !== undefined && bodyOfB !== undefined && bodyOfA.equals(bodyOfB);
}

/** The whole value, in an order that does not depend on the server; undefined for types that cannot be read so. */
const readers: Readonly<
  Record<string, { readonly read: (key: Buffer) => Command; readonly unordered: number }>
> = {
  string: { read: (key) => ['GET', key], unordered: 0 },
  list: { read: (key) => ['LRANGE', key, 0, -1], unordered: 0 },
  zset: { read: (key) => ['ZRANGE', key, 0, -1, 'WITHSCORES'], unordered: 0 },
  set: { read: (key) => ['SMEMBERS', key], unordered: 1 },
  hash: { read: (key) => ['HGETALL', key], unordered: 2 },
};

async function sameValue(
  { source, target, sourceImports: asking = false }: CopyEnds,
  key: Buffer,
): Promise<boolean> {
  const [typeHere] = await askAbout(source, [['TYPE', key]], asking);
  const [typeThere] = await askAbout(target, [['TYPE', key]], true);
  const reader = readers[String(typeHere)];
  if (reader === undefined || String(typeHere) !== String(typeThere)) return false;
  const [here] = await askAbout(source, [reader.read(key)], asking);
  const [there] = await askAbout(target, [reader.read(key)], true);
  return canonical(here ?? null, reader.unordered) === canonical(there ?? null, reader.unordered);
}

/** A text that is the same for the same value; items of `groupOf` elements come in any order (0: in a fixed one). */
function canonical(reply: Reply, groupOf: number): string {
  const items = Array.isArray(reply) ? reply.map((item) => lengthAndBytes(item)) : [lengthAndBytes(reply)];
  if (groupOf === 0) return items.join('');
  const groups: string[] = [];
  for (let at = 0; at < items.length; at += groupOf) groups.push(items.slice(at, at + groupOf).join(''));
  return groups.sort().join('');
}

/** With its length, so that the bounds between items are part of the text. */
function lengthAndBytes(item: Reply): string {
  const bytes = Buffer.isBuffer(item) ? item : Buffer.from(String(item));
  return `${bytes.length}:${bytes.latin1Slice()}`;
}
