/** Owns a look at RDB files for tests: what keys one holds, read by the project's own reader to its checksum. */
import { readFileSync } from 'node:fs';
import type { RdbValue } from '../../src/protocol/rdb/objects.ts';
import { RdbReader } from '../../src/protocol/rdb/reader.ts';

/** Values by "database key". Throws for a file that is not whole. */
export function keysOfRdb(path: string): Map<string, RdbValue> {
  const keys = new Map<string, RdbValue>();
  const reader = new RdbReader(
    {
      aux() {},
      functionLibrary() {},
      entry: ({ db, key, value }) => keys.set(`${db} ${key}`, value),
    },
    { checksum: true, databases: 16 },
  );
  reader.feed(readFileSync(path));
  reader.end();
  return keys;
}
