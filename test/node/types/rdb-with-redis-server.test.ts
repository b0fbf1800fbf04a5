/** Values in RDB beside redis-server: what one writes the other reads, and damage is told alike. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { typeRows } from '../../../src/node/types/types.ts';
import { Crc64 } from '../../../src/protocol/rdb/crc64.ts';
import { type Command, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';
import { payloads } from '../../protocol/rdb/payloads.ts';

const kept = new Set<string>(typeRows.map(({ name }) => name));
const recorded = payloads.filter(({ typeName }) => kept.has(typeName));
const latin1 = (bytes: Buffer): string => bytes.latin1Slice();
const CHECKSUM_BYTES = 8;

function sealed(payload: Buffer): Buffer {
  const end = payload.length - CHECKSUM_BYTES;
  const crc = new Crc64().update(payload, 0, end);
  payload.writeUInt32LE(crc.low, end);
  payload.writeUInt32LE(crc.high, end + 4);
  return payload;
}

describe.skipIf(skipWithoutRedisServer)(`values in RDB beside redis-server${redisServerNote}`, () => {
  const pair = usePair({ directives: ['--sanitize-dump-payload', 'yes'] });
  const LOOK: readonly Command[] = ['DEBUG DIGEST-VALUE k', 'OBJECT ENCODING k', 'TYPE k'];

  it('are those of each type that the node keeps', () => {
    expect([...new Set(recorded.map(({ typeName }) => typeName))].sort()).toEqual(
      [...kept].filter((name) => name !== 'string').sort(),
    );
  });

  it.each(recorded.map((each) => [each.name, each] as const))(
    '%s',
    async (_name, { commands, payload, digest }) => {
      await pair().reset();
      await pair().same(['RESTORE', 'k', 0, latin1(payload)], ...LOOK);
      const [digestReply, dump = ''] = (await pair().run(['DEBUG DIGEST-VALUE k', 'DUMP k'])).node;
      expect(digestReply).toContain(digest);
      // What the node writes means the same to redis-server.
      const ours = dump.slice(dump.indexOf('\r\n') + 2, -2);
      await pair().same('DEL k', ['RESTORE', 'k', 0, ours], ...LOOK);
      if (commands.length === 0) return;
      await pair().same('DEL k', ...commands, ...LOOK);
      expect((await pair().run(['DEBUG DIGEST-VALUE k'])).node[0]).toContain(digest);
    },
  );

  it('are refused when they are damaged: nothing is taken that redis-server refuses, or otherwise', async () => {
    const seed = 20_240_817;
    const random = seededRandom(seed);
    await pair().reset();
    const damaged = Array.from({ length: 1500 }, () => {
      const { payload, name } = recorded[random.below(recorded.length)] as (typeof recorded)[number];
      const bytes = Buffer.from(payload);
      const at = 1 + random.below(bytes.length - CHECKSUM_BYTES - 3);
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return { name, at, bytes: sealed(bytes) };
    });
    const replies = await pair().run(
      damaged.flatMap(({ bytes }): Command[] => [
        ['RESTORE', 'k', 0, latin1(bytes), 'REPLACE'],
        'DEBUG DIGEST-VALUE k',
        'DEL k',
      ]),
    );
    let refused = 0;
    for (const [index, { name, at }] of damaged.entries()) {
      const of = (texts: readonly string[]): string[] => texts.slice(index * 3, index * 3 + 3);
      if (of(replies.node)[0] === '-ERR Bad data format\r\n') refused++;
      else expect([seed, name, at, ...of(replies.node)]).toEqual([seed, name, at, ...of(replies.redis)]);
    }
    expect(refused).toBeGreaterThan(100);
    await expect(pair().same('EXISTS k')).resolves.toBeUndefined();
  });
});
