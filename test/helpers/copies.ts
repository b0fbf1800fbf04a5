/** Owns the comparison of data sets of all types: every key by its DUMP and its time to live, on one server or many. */
import { isSameObject, objectOfPayload, type RawObject } from '../../src/protocol/rdb/raw-object.ts';
import { RawConnection } from './raw-connection.ts';

interface Copy {
  readonly object: RawObject;
  /** Unix ms; -1 without a time to live. */
  readonly expireAtMs: number;
}

/** By key, latin1. Masters, or one replica: what two of them hold would be counted once. */
export async function copiesOn(ports: readonly number[]): Promise<Map<string, Copy>> {
  const copies = new Map<string, Copy>();
  for (const port of ports) {
    const connection = await RawConnection.open(port);
    // A replica in a cluster shows its keys then; others say an error, and do.
    await connection.call('READONLY');
    let cursor = '0';
    do {
      const [next, keys] = (await connection.call('SCAN', cursor, 'COUNT', 500)) as [Buffer, Buffer[]];
      cursor = String(next);
      const replies = await connection.pipeline(
        keys.flatMap((key) => [
          ['DUMP', key],
          ['PEXPIRETIME', key],
        ]),
      );
      for (const [index, key] of keys.entries()) {
        const payload = replies[2 * index];
        const object = Buffer.isBuffer(payload) ? objectOfPayload(payload) : undefined;
        if (object !== undefined)
          copies.set(key.toString('latin1'), { object, expireAtMs: Number(replies[2 * index + 1]) });
      }
    } while (cursor !== '0');
    connection.close();
  }
  return copies;
}

/** What differs, shortly; `driftMs`: how far a time to live may have moved. */
export function compareCopies(
  expected: ReadonlyMap<string, Copy>,
  found: ReadonlyMap<string, Copy>,
  driftMs = 0,
): string[] {
  const differences: string[] = [];
  for (const [key, copy] of expected) {
    const other = found.get(key);
    const name = JSON.stringify(key);
    if (other === undefined) differences.push(`${name} is missing`);
    else if (!isSameObject(copy.object, other.object)) differences.push(`${name} has another value`);
    else if (
      Math.abs(copy.expireAtMs - other.expireAtMs) > driftMs ||
      (copy.expireAtMs === -1) !== (other.expireAtMs === -1)
    )
      differences.push(`${name} ends at ${other.expireAtMs}, not at ${copy.expireAtMs}`);
  }
  for (const key of found.keys()) if (!expected.has(key)) differences.push(`${JSON.stringify(key)} is new`);
  return differences.slice(0, 20);
}
