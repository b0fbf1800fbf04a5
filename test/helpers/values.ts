/** Owns what tests of values need: their node's limits and hasher, and their way through RDB. */
import { ByteReader, ByteWriter } from '../../src/core/bytes.ts';
import { seededRandom } from '../../src/core/random.ts';
import { Hasher } from '../../src/node/keyspace/hasher.ts';
import type { Value } from '../../src/node/keyspace/value.ts';
import type { Config } from '../../src/node/parts/basics.ts';
import { Digest } from '../../src/node/types/digest.ts';
import type { TypeRow, ValueHost } from '../../src/node/types/row.ts';
import { readObject, typeOf, writeObject } from '../../src/protocol/rdb/objects.ts';

/** Directives with these numbers; others throw. They may be changed at any time. */
export function valueHost(limits: Record<string, number>): ValueHost {
  const number = (name: string): number => {
    const limit = limits[name];
    if (limit === undefined) throw new Error(`no directive ${name}`);
    return limit;
  };
  return { config: { number } as unknown as Config, memberHasher: new Hasher(seededRandom(7)) };
}

/** What is read of what is written of a value. */
export function throughRdb<V extends Value>(type: TypeRow<V>, value: V, host: ValueHost, compress = true): V {
  const source = type.toRdb(value);
  const writer = new ByteWriter();
  writeObject(writer, source, compress);
  const reader = new ByteReader(Buffer.from(writer.bytes()));
  const read = type.fromRdb(readObject(reader, typeOf(source)), host);
  if (read === undefined || reader.remaining > 0) throw new Error('RDB gave another value');
  return read;
}

export function digestOf<V extends Value>(type: TypeRow<V>, value: V): string {
  const digest = new Digest();
  type.digest(value, digest);
  return digest.hex;
}
