/** Owns the packets recorded from redis-server 7.0.15 (test/fixtures/bus/record.mjs), by name. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../fixtures/bus');

export const recordedPackets: ReadonlyMap<string, Buffer> = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.bin'))
    .map((name) => [name.replace('.bin', ''), readFileSync(join(folder, name))]),
);

export function recorded(name: string): Buffer {
  const packet = recordedPackets.get(name);
  if (packet === undefined) throw new RangeError(`no recorded packet ${name}`);
  return Buffer.from(packet);
}
