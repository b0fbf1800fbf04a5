/** Owns write traffic of every kind for tests: commands drawn from a seed, on a small set of keys. */
import type { Random } from '../../src/core/random.ts';
import type { RawConnection } from './raw-connection.ts';

type Command = (string | Buffer | number)[];

export const binary = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.below(256)));

/** One write of any kind that strings know. */
export function stringWrite(random: Random): Command[] {
  const key = (): Buffer => Buffer.from([107, random.below(200), 0, 255]);
  const text = (): Buffer => binary(random, random.below(60));
  const writes: (() => Command[])[] = [
    () => [['SET', key(), text()]],
    () => [['SET', key(), text(), 'PX', 60_000 + random.below(100_000)]],
    () => [['SET', key(), 'x'.repeat(random.below(3000)), 'EX', 100 + random.below(1000)]],
    () => [['SET', key(), text(), 'PX', 1 + random.below(40)]],
    () => [['APPEND', key(), text()]],
    () => [['SETRANGE', key(), random.below(500), text()]],
    () => [['SETBIT', key(), random.below(4000), random.below(2)]],
    () => [
      ['SET', `n${random.below(20)}`, random.below(1000)],
      ['INCR', `n${random.below(20)}`],
    ],
    () => [['INCRBYFLOAT', `f${random.below(5)}`, '0.1']],
    () => [
      ['GETEX', key(), 'EX', 500],
      ['PERSIST', key()],
    ],
    () => [['EXPIRE', key(), 10 + random.below(500)]],
    () => [
      ['RENAME', key(), key()],
      ['COPY', key(), key(), 'REPLACE'],
    ],
    () => [
      ['DEL', key(), key()],
      ['GETDEL', key()],
    ],
    () => [['MSET', key(), text(), key(), text()]],
    () => [['MULTI'], ['SET', key(), text()], ['INCR', 'transactions'], ['APPEND', key(), text()], ['EXEC']],
    () => [
      ['SELECT', 1 + random.below(3)],
      ['SET', key(), text()],
      ['SELECT', 0],
    ],
  ];
  return (writes[random.below(writes.length)] as (typeof writes)[number])();
}

/** One write of a string or of a collection. */
export function anyWrite(random: Random): Command[] {
  const member = (): Buffer => binary(random, 1 + random.below(12));
  const key = (type: string): string => `${type}:${random.below(30)}`;
  const writes: (() => Command[])[] = [
    () => stringWrite(random),
    () => [['RPUSH', key('list'), member(), member(), 'x'.repeat(random.below(200))]],
    () => [['LMOVE', key('list'), key('list'), 'LEFT', 'RIGHT']],
    () => [['LTRIM', key('list'), 0, 40]],
    () => [['HSET', key('hash'), member(), member(), `f${random.below(50)}`, random.below(1000)]],
    () => [['HINCRBY', key('hash'), 'counter', 1]],
    () => [['SADD', key('set'), member(), random.below(1000)]],
    () => [['SPOP', key('set')]],
    () => [['SUNIONSTORE', key('set'), key('set'), key('set')]],
    () => [['ZADD', key('zset'), random.below(100), member(), random.below(100), random.below(1000)]],
    () => [['ZINCRBY', key('zset'), 3, random.below(1000)]],
    () => [['ZPOPMIN', key('zset')]],
    () => [['DEL', key(['list', 'hash', 'set', 'zset'][random.below(4)] as string)]],
    () => [['EXPIRE', key(['list', 'hash', 'set', 'zset'][random.below(4)] as string), 1000]],
  ];
  return (writes[random.below(writes.length)] as (typeof writes)[number])();
}

/** Writes until told to stop; then resolves with the number of commands. */
export function startTraffic(
  client: RawConnection,
  random: Random,
  write: (random: Random) => Command[] = stringWrite,
): () => Promise<number> {
  let stopped = false;
  const done = (async () => {
    let count = 0;
    while (!stopped) {
      const commands = Array.from({ length: 20 }, () => write(random)).flat();
      await client.pipeline(commands);
      count += commands.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return count;
  })();
  return () => {
    stopped = true;
    return done;
  };
}
