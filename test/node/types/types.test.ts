import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/core/random.ts';
import { ConfigStore } from '../../../src/node/config/store.ts';
import { Hasher } from '../../../src/node/keyspace/hasher.ts';
import { ByteString } from '../../../src/node/types/string/byte-string.ts';
import { typeOf, valueFromRdb } from '../../../src/node/types/types.ts';

const host = { config: new ConfigStore(), memberHasher: new Hasher(systemRandom) };

describe('the row of the string type', () => {
  it.each([
    ['12', 'auto', 'int'],
    ['12', 'text', 'embstr'],
    ['12', 'raw', 'raw'],
    ['-9223372036854775808', 'auto', 'int'],
    ['9223372036854775808', 'auto', 'embstr'],
    ['012', 'auto', 'embstr'],
    ['x'.repeat(44), 'auto', 'embstr'],
    ['x'.repeat(45), 'auto', 'raw'],
    ['x'.repeat(45), 'text', 'raw'],
  ] as const)('%j, made as %s, is encoded as %s', (text, hint, encoding) => {
    expect(typeOf(text).encoding(text, hint)).toBe(encoding);
  });

  it('takes texts and bytes alike', () => {
    const bytes = ByteString.fromLatin1('12');
    const row = typeOf(bytes);
    expect(row).toBe(typeOf('12'));
    expect([row.name, row.encoding(bytes, 'auto')]).toEqual(['string', 'raw']);
    const copy = row.copy(bytes);
    bytes.writeAt(0, 'X');
    expect(row.toRdb(copy)).toEqual(Buffer.from('12'));
    expect(row.toRdb('12')).toBe('12');
    expect(valueFromRdb('\x00\xff', host)).toBe('\x00\xff');
  });
});
