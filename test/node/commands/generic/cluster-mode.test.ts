import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../../../src/protocol/slots/key-slot.ts';
import { type Pair, startPair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../../helpers/servers.ts';

/** The words of a reply that is an array, or an array in an array. */
const words = (reply: string | undefined): string[] =>
  (reply ?? '').split('\r\n').filter((line) => !/^[*$]\d+$/.test(line) && line !== '');

describe.skipIf(skipWithoutRedisServer)(`keys in cluster mode as on redis-server${redisServerNote}`, () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({
      directives: ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'],
    });
    await pair.run(['CLUSTER ADDSLOTSRANGE 0 16383']);
    await until(async () => {
      const { redis, node } = await pair.run(['GET a']);
      return [redis[0], node[0]].every((reply) => reply === '$-1\r\n');
    }, 'both clusters');
  });
  afterAll(() => pair?.stop());

  it('refuses other databases', async () => {
    await pair.same(
      'SET a 1',
      'MOVE a 1',
      'COPY a {a}b DB 1',
      'COPY a {a}b DB 16',
      'COPY a {a}b DB 0',
      'COPY a b',
      'RENAME a b',
      'MGET a {a}b',
      'DEL a b',
      'DEL a {a}b',
    );
  });

  it('counts and lists the keys of a slot, and scans and samples across slots', async () => {
    const slot = keySlot('{tag}');
    const keys = Array.from({ length: 40 }, (_, i) => (i < 15 ? `{tag}${i}` : `key:${i}`)).sort();
    await pair.same('FLUSHALL', ...keys.map((key) => `SET ${key} v`));
    await pair.same(
      'DBSIZE',
      `CLUSTER COUNTKEYSINSLOT ${slot}`,
      'CLUSTER COUNTKEYSINSLOT 0',
      'CLUSTER GETKEYSINSLOT 0 10',
      'CLUSTER COUNTKEYSINSLOT 16384',
      `CLUSTER GETKEYSINSLOT ${slot} -1`,
    );
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const { node } = await pair.run([`SCAN ${cursor} COUNT 7`]);
      const [next = '', ...found] = words(node[0]);
      for (const key of found) seen.add(key);
      cursor = next;
    } while (cursor !== '0');
    expect([...seen].sort()).toEqual(keys);
    const { node } = await pair.run([`CLUSTER GETKEYSINSLOT ${slot} 100`, 'KEYS *', 'RANDOMKEY']);
    expect(words(node[0]).sort()).toEqual(keys.filter((key) => key.startsWith('{tag}')));
    expect(words(node[1]).sort()).toEqual(keys);
    expect(keys).toContain(words(node[2])[0]);
    await pair.same('DEL {tag}0 {tag}1', `CLUSTER COUNTKEYSINSLOT ${slot}`, 'DBSIZE');
  });
});
