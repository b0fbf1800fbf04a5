import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytesError, ByteWriter } from '../../../src/core/bytes.ts';
import { Crc64 } from '../../../src/protocol/rdb/crc64.ts';
import { isDumpIntact, readDump, writeDump } from '../../../src/protocol/rdb/dump.ts';
import { dumps } from './recorded.ts';

function dump(value: string | Uint8Array, compress = true): Buffer {
  const writer = new ByteWriter(16);
  writeDump(writer, value, compress);
  return writer.bytes();
}

/** A payload with a right footer around any body. */
function sealed(body: Uint8Array, version = 10): Buffer {
  const writer = new ByteWriter().raw(body).u16le(version);
  const crc = new Crc64().update(writer.bytes());
  return writer.u32le(crc.low).u32le(crc.high).bytes();
}

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');

describe('DUMP payloads', () => {
  it.each(dumps)('of redis-server are read, and written the same: %s', (_name, value, payload) => {
    expect(isDumpIntact(bytesOf(payload))).toBe(true);
    expect(readDump(bytesOf(payload))).toBe(value);
    expect(dump(value).toString('base64')).toBe(payload);
    expect(dump(Buffer.from(value, 'latin1')).toString('base64')).toBe(payload);
  });

  it('come back as they went, compressed or not', () => {
    const text = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    const number = fc.integer().map(String);
    fc.assert(
      fc.property(fc.oneof(text, number, fc.string({ maxLength: 30 })), fc.boolean(), (value, compress) => {
        const latin1 = Buffer.from(value).toString('latin1');
        const payload = dump(latin1, compress);
        expect(isDumpIntact(payload)).toBe(true);
        expect(readDump(payload)).toBe(latin1);
      }),
    );
  });

  it('use the longer length encodings', () => {
    for (const length of [63, 64, 16383, 16384, 70_000]) {
      const value = 'v'.repeat(length);
      expect(readDump(dump(value, false))).toBe(value);
    }
  });

  it('are read with the versions 6 to 12, and refused beyond', () => {
    for (const version of [6, 9, 10, 11, 12]) {
      const payload = sealed(Buffer.from('\x00\x05hello', 'latin1'), version);
      expect(isDumpIntact(payload)).toBe(true);
      expect(readDump(payload)).toBe('hello');
    }
    expect(isDumpIntact(sealed(Buffer.from('\x00\x05hello', 'latin1'), 13))).toBe(false);
  });

  it('are not intact when any byte is flipped or any prefix is cut', () => {
    for (const [, , base64] of dumps) {
      const payload = bytesOf(base64);
      for (let at = 0; at < payload.length; at += Math.ceil(payload.length / 300)) {
        const flipped = Buffer.from(payload);
        flipped[at] = (flipped[at] as number) ^ 0x40;
        expect(isDumpIntact(flipped)).toBe(false);
        expect(isDumpIntact(payload.subarray(0, at))).toBe(false);
      }
    }
  });

  it('give an error, not a crash, for any body under a right footer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 40 }), (body) => {
        try {
          expect(readDump(sealed(body))).not.toBeUndefined();
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError);
        }
      }),
    );
  });

  it.each([
    ['a length of 2^40', [0, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3]],
    ['a length of 4 GiB', [0, 0x80, 0xff, 0xff, 0xff, 0xff, 1, 2]],
    ['compressed bytes that cannot expand that far', [0, 0xc3, 2, 0x80, 0x1f, 0xff, 0xff, 0xff, 1, 2]],
    ['an unknown string encoding', [0, 0xc4, 0]],
    ['an unknown length encoding', [0, 0x82, 0]],
    ['an encoding in place of a compressed length', [0, 0xc3, 0xc0, 1, 1]],
    ['nothing behind the type', [0]],
    ['no type', []],
    ['an unknown type', [99, 1, 2]],
  ])('are refused with %s', (_name, body) => {
    expect(() => readDump(sealed(Buffer.from(body)))).toThrow(BytesError);
  });

  it.each([
    [6, 'module value'],
    [24, 'hash with field expiry'],
  ])('of type %i are refused by name', (type, name) => {
    expect(() => readDump(sealed(Buffer.from([type, 1, 1, 97])))).toThrow(
      `values of the type ${name} are not supported`,
    );
  });
});
