import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { Crc64 } from '../../../src/protocol/rdb/crc64.ts';
import { allTypeCommands } from '../../helpers/all-types.ts';
import { bounded } from '../../helpers/bounded.ts';
import type { RawConnection, RawReply } from '../../helpers/raw-connection.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

const seed = Number(process.env['TRIB_SEED'] ?? 11);
const KEYS = 48;
/** Of each payload. */
const DAMAGES = 20;

/** The payload with a checksum that is right again: the damage has to be found by reading. */
function sealed(payload: Buffer): Buffer {
  const at = payload.length - 8;
  const crc = new Crc64().update(payload, 0, at);
  payload.writeUInt32LE(crc.low, at);
  payload.writeUInt32LE(crc.high, at + 4);
  return payload;
}

/** What reads all of a value, or changes it. */
const uses: readonly string[] = [
  'OBJECT ENCODING k',
  'DEBUG DIGEST-VALUE k',
  'MEMORY USAGE k SAMPLES 0',
  'GETRANGE k 0 -1',
  'APPEND k x',
  'LRANGE k 0 -1',
  'LPUSH k x',
  'RPOP k',
  'SMEMBERS k',
  'SADD k x',
  'HGETALL k',
  'HSET k x y',
  'ZRANGE k 0 -1 WITHSCORES',
  'ZADD k 1 x',
  'XRANGE k - +',
  'XINFO STREAM k FULL',
  'XADD k * a b',
  'XTRIM k MAXLEN 1',
  'COPY k other REPLACE',
  'DUMP k',
  'DEL k other',
];

describe(`payloads that were tampered with (seed ${seed})`, () => {
  const random = seededRandom(seed);
  let server: Standalone;
  let client: RawConnection;
  let payloads: Buffer[] = [];
  beforeAll(async () => {
    server = await startStandalone('bundled');
    client = server.client;
    await client.pipeline(allTypeCommands(KEYS, Date.now() + 1e9, seed));
    const keys = (await client.call('KEYS', '*')) as Buffer[];
    const dumps = await client.pipeline(keys.map((key) => ['DUMP', key]));
    payloads = dumps.filter((dump): dump is Buffer => Buffer.isBuffer(dump));
    await client.text('FLUSHALL');
  });
  afterAll(() => server.stop());

  /** Bytes that are others, missing, too many, or full of ones; within the value. */
  const damage = (payload: Buffer): Buffer => {
    const at = random.below(payload.length - 10);
    const kind = random.below(4);
    if (kind === 0)
      return Buffer.concat([payload.subarray(0, at), payload.subarray(at + 1 + random.below(8))]);
    if (kind === 1)
      return Buffer.concat([
        payload.subarray(0, at),
        Buffer.alloc(4, random.below(256)),
        payload.subarray(at),
      ]);
    const copy = Buffer.from(payload);
    if (kind === 2) copy[at] = random.below(256);
    else copy.fill(0xff, at, Math.min(at + 5, payload.length - 10));
    return copy;
  };

  it('are refused, or hold values that can be used like any other', async () => {
    expect(payloads.length).toBe(KEYS);
    let refused = 0;
    await bounded({ withinMs: 40_000, heldMiB: 300 }, async () => {
      for (const payload of payloads) {
        const damaged = Array.from({ length: DAMAGES }, () => damage(payload)).filter(
          ({ length }) => length > 10,
        );
        const replies: RawReply[] = await client.pipeline(
          damaged.flatMap((bytes) => [
            ['RESTORE', 'k', 0, sealed(bytes), 'REPLACE'],
            ...uses.map((line) => line.split(' ')),
          ]),
        );
        const errors = replies.filter((reply): reply is Error => reply instanceof Error);
        refused += errors.filter(({ message }) => message.includes('Bad data format')).length;
        expect(errors.filter(({ message }) => message.includes('internal error'))).toEqual([]);
      }
    });
    expect(refused).toBeGreaterThan(KEYS);
    expect(server.log.filter((line) => line.includes('unexpectedly'))).toEqual([]);
    expect(await client.text('PING')).toBe('PONG');
  });

  it('of libraries of functions change nothing', async () => {
    const library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    await client.text('FUNCTION', 'LOAD', library);
    const dump = (await client.call('FUNCTION', 'DUMP')) as Buffer;
    const list = await client.text('FUNCTION', 'LIST', 'WITHCODE');
    for (let at = 0; at < dump.length - 10; at++) {
      const damaged = Buffer.from(dump);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
      const reply = await client.call('FUNCTION', 'RESTORE', sealed(damaged), 'FLUSH');
      if (reply instanceof Error) expect(await client.text('FUNCTION', 'LIST', 'WITHCODE')).toBe(list);
      else await client.text('FUNCTION', 'RESTORE', dump, 'FLUSH');
    }
    expect(await client.text('FCALL', 'f', 0)).toBe('1');
  });
});
