/** Owns the keys that scenarios load and look for again: strings with and without TTL, binary keys, hash tags. */

import { seededRandom } from '../../src/core/random.ts';
import { keySlot, SLOT_COUNT } from '../../src/protocol/slots/key-slot.ts';
import { parseNodes } from '../../src/protocol/text/nodes.ts';
import { RawConnection, type RawReply } from './raw-connection.ts';

export interface DatasetKey {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly slot: number;
  /** Unix ms; undefined without a time to live. */
  readonly expireAtMs: number | undefined;
}

/** `count` keys of all kinds, the same for the same seed. Times to live are one to two hours from `nowMs`. */
export function makeDataset(count: number, seed: number, nowMs: number): DatasetKey[] {
  const random = seededRandom(seed);
  const randomBytes = (length: number): Buffer =>
    Buffer.from(Array.from({ length }, () => random.below(256)));
  return Array.from({ length: count }, (_, index) => {
    const kind = index % 5;
    const name = Buffer.from(`key:${index}`);
    const key =
      kind === 1
        ? // The separator keeps it from becoming another key's name.
          Buffer.concat([name, Buffer.from(':'), randomBytes(1 + random.below(12))])
        : kind === 2
          ? Buffer.from(`{tag${random.below(200)}}:${index}`)
          : name;
    return {
      key,
      value: kind === 3 ? Buffer.from(String(random.below(1_000_000))) : randomBytes(random.below(120)),
      slot: keySlot(key.toString('latin1')),
      expireAtMs: random.below(2) === 0 ? nowMs + 3_600_000 + random.below(3_600_000) : undefined,
    };
  });
}

const batchSize = 1000;

/** Asks the owner of each key, in batches; the replies are in the order of `keys`. */
async function askOwners(
  seedPort: number,
  keys: readonly DatasetKey[],
  commandOf: (key: DatasetKey) => (string | Buffer | number)[],
): Promise<RawReply[]> {
  const owners = await ownerPorts(seedPort);
  const byPort = new Map<number, number[]>();
  for (const [index, { slot }] of keys.entries()) {
    const port = owners[slot] as number;
    const indexes = byPort.get(port);
    if (indexes === undefined) byPort.set(port, [index]);
    else indexes.push(index);
  }
  const replies: RawReply[] = new Array(keys.length).fill(null);
  for (const [port, indexes] of byPort) {
    const connection = await RawConnection.open(port);
    for (let at = 0; at < indexes.length; at += batchSize) {
      const batch = indexes.slice(at, at + batchSize);
      const answers = await connection.pipeline(batch.map((index) => commandOf(keys[index] as DatasetKey)));
      for (const [place, index] of batch.entries()) replies[index] = answers[place] ?? null;
    }
    connection.close();
  }
  return replies;
}

/** The port of the master of each slot, as the node on `seedPort` sees it. */
export async function ownerPorts(seedPort: number): Promise<number[]> {
  const connection = await RawConnection.open(seedPort);
  const nodes = parseNodes(await connection.text('CLUSTER', 'NODES'));
  connection.close();
  const owners: number[] = new Array(SLOT_COUNT).fill(0);
  for (const node of nodes) for (const { first, last } of node.slots) owners.fill(node.port, first, last + 1);
  return owners;
}

export async function loadDataset(seedPort: number, keys: readonly DatasetKey[]): Promise<void> {
  const replies = await askOwners(seedPort, keys, ({ key, value, expireAtMs }) => [
    'SET',
    key,
    value,
    ...(expireAtMs === undefined ? [] : ['PXAT', expireAtMs]),
  ]);
  const refused = replies.find((reply) => reply !== null && String(reply) !== 'OK');
  if (refused !== undefined) throw new Error(`a key could not be loaded: ${String(refused)}`);
}

export interface DatasetFindings {
  readonly lost: number;
  readonly wrong: number;
  /** Keys that have a time to live now and had none, or the reverse. */
  readonly ttlChanged: number;
  /** The farthest that an expiry moved. MIGRATE carries what is left of it, so it moves by the time on the way. */
  readonly ttlDriftMs: number;
}

export async function inspectDataset(
  seedPort: number,
  keys: readonly DatasetKey[],
): Promise<DatasetFindings> {
  const values = await askOwners(seedPort, keys, ({ key }) => ['GET', key]);
  const expiries = await askOwners(seedPort, keys, ({ key }) => ['PEXPIRETIME', key]);
  let [lost, wrong, ttlChanged, ttlDriftMs] = [0, 0, 0, 0];
  for (const [index, { value, expireAtMs }] of keys.entries()) {
    const found = values[index];
    if (found instanceof Error) throw found;
    if (!Buffer.isBuffer(found)) lost++;
    else if (!found.equals(value)) wrong++;
    const expiry = Number(expiries[index]);
    if ((expireAtMs === undefined) !== (expiry === -1)) ttlChanged++;
    else if (expireAtMs !== undefined) ttlDriftMs = Math.max(ttlDriftMs, Math.abs(expiry - expireAtMs));
  }
  return { lost, wrong, ttlChanged, ttlDriftMs };
}
