/** Owns keys of every type and encoding that redis-server 7.0 has, for tests of what carries them whole. */
import { seededRandom } from '../../src/core/random.ts';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { ownerPorts } from './dataset.ts';
import { RawConnection } from './raw-connection.ts';

type Words = readonly (string | Buffer | number)[];

interface MadeKey {
  readonly key: string;
  readonly commands: readonly Words[];
}

const numbers = (count: number, text: (n: number) => string = String): string[] =>
  Array.from({ length: count }, (_, n) => text(n));
const fields = (count: number): string[] => numbers(count).flatMap((n) => [`field${n}`, `value${n}`]);

/** `count` keys, type after type, every seventh with a time to live until `expireAtMs`. */
function allTypeKeys(count: number, expireAtMs: number, seed: number): MadeKey[] {
  const random = seededRandom(seed);
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)));
  const makers: readonly ((key: string) => Words[])[] = [
    (key) => [['SET', key, random.below(200) - 100]],
    (key) => [['SET', key, random.below(60_000) - 30_000]],
    (key) => [['SET', key, random.below(4_000_000_000) - 2_000_000_000]],
    (key) => [['SET', key, '99999999999999999999']],
    (key) => [['SET', key, bytes(random.below(300))]],
    (key) => [['SET', key, 'repeat '.repeat(20 + random.below(3000))]],
    (key) => [['RPUSH', key, ...numbers(5)]],
    (key) => [['RPUSH', key, ...numbers(400, (n) => `item ${n} ${'x'.repeat(random.below(80))}`)]],
    (key) => [['RPUSH', key, 'small', bytes(70_000), 'again']],
    (key) => [['SADD', key, ...numbers(20, (n) => String(n * 7919))]],
    (key) => [['SADD', key, ...numbers(10, (n) => String(n * 2 ** 40))]],
    (key) => [['SADD', key, ...numbers(50, (n) => `member ${n} ${random.below(1000)}`)]],
    (key) => [['ZADD', key, ...numbers(8).flatMap((n) => [`${n}.5`, `m${n}`])]],
    (key) => [['ZADD', key, 'inf', 'top', '-inf', 'bottom', ...numbers(200).flatMap((n) => [n, `m${n}`])]],
    (key) => [['HSET', key, ...fields(6)]],
    (key) => [['HSET', key, ...fields(700)]],
    (key) => [
      ['XADD', key, '1-1', 'a', '1'],
      ['XADD', key, '2-1', 'b', '2'],
      ['XDEL', key, '1-1'],
    ],
    (key) => [
      ...numbers(250).map((n): Words => ['XADD', key, `${Number(n) + 1}-1`, 'field', `value ${n}`]),
      ['XGROUP', 'CREATE', key, 'readers', '0'],
      ['XGROUP', 'CREATE', key, 'idle', '$'],
      ['XREADGROUP', 'GROUP', 'readers', 'alice', 'COUNT', 20, 'STREAMS', key, '>'],
      ['XREADGROUP', 'GROUP', 'readers', 'bob', 'COUNT', 5, 'STREAMS', key, '>'],
      ['XACK', key, 'readers', '3-1', '4-1'],
    ],
    (key) => [['PFADD', key, ...numbers(2000)]],
    (key) => [['SETBIT', key, 4000, 1]],
  ];
  return Array.from({ length: count }, (_, index) => {
    const make = makers[index % makers.length] as (key: string) => Words[];
    const key = index % 11 === 5 ? `${index}\u0000\r\n bytes` : `all:${index}`;
    const expiry: Words[] = index % 7 === 3 ? [['PEXPIREAT', key, expireAtMs]] : [];
    return { key, commands: [...make(key), ...expiry] };
  });
}

/** What writes these keys, in order. */
export function allTypeCommands(count: number, expireAtMs: number, seed: number): Words[] {
  return allTypeKeys(count, expireAtMs, seed).flatMap(({ commands }) => commands);
}

/** Throws at the first command that is refused. */
export async function loadAllTypes(
  connection: RawConnection,
  count: number,
  expireAtMs: number,
  seed: number,
): Promise<void> {
  const replies = await connection.pipeline(allTypeCommands(count, expireAtMs, seed));
  const refused = replies.find((reply) => reply instanceof Error);
  if (refused !== undefined) throw refused;
}

/** The same, to the masters of a cluster. */
export async function loadAllTypesIntoCluster(
  seedPort: number,
  count: number,
  expireAtMs: number,
  seed: number,
): Promise<void> {
  const owners = await ownerPorts(seedPort);
  const byPort = new Map<number, Words[]>();
  for (const { key, commands } of allTypeKeys(count, expireAtMs, seed)) {
    const port = owners[keySlot(key)] ?? 0;
    byPort.set(port, [...(byPort.get(port) ?? []), ...commands]);
  }
  for (const [port, commands] of byPort) {
    const connection = await RawConnection.open(port);
    const replies = await connection.pipeline(commands);
    connection.close();
    const refused = replies.find((reply) => reply instanceof Error);
    if (refused !== undefined) throw refused;
  }
}
