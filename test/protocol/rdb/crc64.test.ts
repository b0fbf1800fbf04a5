import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Crc64 } from '../../../src/protocol/rdb/crc64.ts';

/** Bit by bit, as the polynomial reads. */
function slowCrc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc;
}

const sumOf = (crc: Crc64): bigint => (BigInt(crc.high) << 32n) | BigInt(crc.low);

describe('CRC64', () => {
  it('gives the check value', () => {
    expect(sumOf(new Crc64().update(Buffer.from('123456789')))).toBe(0xe9c6d914c4b8d9can);
  });

  it('is the sum of its definition, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, a, b) => {
        const [first, second] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
        const crc = new Crc64().update(bytes, 0, first).update(bytes, first, second).update(bytes, second);
        expect(sumOf(crc)).toBe(slowCrc64(bytes));
      }),
    );
  });
});
