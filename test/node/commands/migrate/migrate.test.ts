/** MIGRATE between a bundled node and a redis-server, and to targets that misbehave. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RawConnection, type RawReply } from '../../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../../helpers/servers.ts';
import {
  contentsOf,
  differences,
  type Standalone,
  type StandaloneEngine,
  startStandalone,
} from '../../../helpers/standalone.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(engine: StandaloneEngine, ...directives: string[]): Promise<Standalone> {
  const server = await startStandalone(engine, directives);
  closers.push(() => server.stop());
  return server;
}

const messageOf = (reply: RawReply): string => (reply instanceof Error ? reply.message : String(reply));

interface FakeTarget {
  readonly port: number;
  /** What came, write by write. */
  readonly received: string[];
  /** Answers on the last connection, later than asked. */
  say(text: string): void;
}

/** A target that answers each write with what `answer` says; undefined closes the connection. */
async function fakeTarget(
  answer: (received: string, connection: number) => string | undefined,
): Promise<FakeTarget> {
  const received: string[] = [];
  let connections = 0;
  let last: Socket | undefined;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const connection = ++connections;
    sockets.add(socket);
    last = socket;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received.push(chunk.toString('latin1'));
      const reply = answer(chunk.toString('latin1'), connection);
      if (reply === undefined) socket.destroy();
      else socket.write(reply);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, received, say: (text) => last?.write(text) };
}

const pairs: readonly (readonly [StandaloneEngine, StandaloneEngine])[] = [
  ['bundled', 'redis-server'],
  ['redis-server', 'bundled'],
  ['bundled', 'bundled'],
];

describe.each(pairs)(`MIGRATE from %s to %s${redisServerNote}`, (sourceEngine, targetEngine) => {
  const needsRedis = sourceEngine !== 'bundled' || targetEngine !== 'bundled';
  const test = it.skipIf(needsRedis && skipWithoutRedisServer);

  test('moves keys of any bytes with their times to live', async () => {
    const [source, target] = [await start(sourceEngine), await start(targetEngine)];
    const { client } = source;
    const names: Buffer[] = [];
    for (let i = 0; i < 300; i++) {
      const name = Buffer.from([i & 255, i >> 8, 0, 255, 13, 10]);
      names.push(name);
      await client.call('SET', name, Buffer.alloc(i * 10, i), ...(i % 2 ? ['PX', 500_000 + i] : []));
    }
    await client.text('SETRANGE', 'changed in place', 100, 'end');
    await client.text('SET', 'number', '12345');
    await client.text('SET', 'large', 'x'.repeat(3_000_000));
    names.push(Buffer.from('changed in place'), Buffer.from('number'), Buffer.from('large'));
    const before = await contentsOf(client);
    const firstMs = Date.now();
    expect(
      await client.text('MIGRATE', '127.0.0.1', target.port, '', 0, 5000, 'KEYS', 'none', ...names),
    ).toBe('OK');
    expect(await client.call('DBSIZE')).toBe(0);
    const after = await contentsOf(target.client);
    // The time to live travels as what is left of it.
    const slackMs = Date.now() - firstMs;
    const near = new Map(
      [...after].map(([key, text]) => {
        const [value, at] = text.split(' ') as [string, string];
        const expected = before.get(key)?.split(' ')[1] ?? '';
        return [
          key,
          Number(at) >= Number(expected) && Number(at) <= Number(expected) + slackMs
            ? `${value} ${expected}`
            : text,
        ];
      }),
    );
    expect(differences(before, near)).toEqual([]);
    expect(await client.text('MIGRATE', '127.0.0.1', target.port, 'number', 0, 5000)).toBe('NOKEY');
  });

  test('copies, replaces, and keeps what the target refuses', async () => {
    const [source, target] = [await start(sourceEngine), await start(targetEngine)];
    const migrate = (...args: (string | number)[]) =>
      source.client.call('MIGRATE', '127.0.0.1', target.port, ...args);
    await source.client.text('MSET', 'a', '1', 'b', '2', 'c', '3');
    await target.client.text('SET', 'b', 'old');
    expect(messageOf(await migrate('', 0, 5000, 'KEYS', 'a', 'b', 'c'))).toBe(
      'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
    );
    expect(await source.client.call('EXISTS', 'a', 'c')).toBe(0);
    expect(await source.client.text('GET', 'b')).toBe('2');
    expect(await target.client.text('GET', 'b')).toBe('old');
    expect(messageOf(await migrate('b', 0, 5000, 'COPY', 'REPLACE'))).toBe('OK');
    expect(await source.client.text('GET', 'b')).toBe('2');
    expect(await target.client.text('GET', 'b')).toBe('2');
    expect(messageOf(await migrate('b', 3, 5000))).toBe('OK');
    await target.client.text('SELECT', 3);
    expect(await target.client.text('GET', 'b')).toBe('2');
    await source.client.text('SET', 'd', '4');
    expect(messageOf(await migrate('d', 9999, 5000))).toBe(
      'ERR Target instance replied with error: ERR DB index is out of range',
    );
    expect(await source.client.text('GET', 'd')).toBe('4');
    expect(messageOf(await migrate('d', 2, 5000))).toBe('OK');
    await target.client.text('SELECT', 2);
    expect(await target.client.text('GET', 'd')).toBe('4');
  });

  test('logs in', async () => {
    const [source, target] = [await start(sourceEngine), await start(targetEngine, '--requirepass', 'pass')];
    const migrate = (...args: (string | number)[]) =>
      source.client.call('MIGRATE', '127.0.0.1', target.port, ...args).then(messageOf);
    await source.client.text('MSET', 'a', '1', 'b', '2');
    expect(await migrate('a', 0, 5000)).toMatch(/^ERR Target instance replied with error: NOAUTH/);
    expect(await migrate('a', 0, 5000, 'AUTH', 'wrong')).toMatch(
      /^ERR Target instance replied with error: WRONGPASS/,
    );
    expect(await source.client.text('GET', 'a')).toBe('1');
    expect(await migrate('a', 0, 5000, 'AUTH', 'pass')).toBe('OK');
    expect(await migrate('', 0, 5000, 'AUTH2', 'default', 'pass', 'KEYS', 'b')).toBe('OK');
    expect(source.log.join('\n')).not.toContain('pass');
  });
});

describe('MIGRATE of a bundled node', () => {
  it('holds the keys on their way: other clients wait, and find them gone', async () => {
    const source = await start('bundled');
    const target = await fakeTarget(() => '');
    const [reader, writer, transaction, other] = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const connection = await RawConnection.open(source.port);
        closers.push(() => connection.close());
        return connection;
      }),
    );
    await source.client.text('MSET', 'a', '1', 'b', '2');
    const migration = source.client.text('MIGRATE', '127.0.0.1', target.port, 'a', 0, 5000);
    await until(() => target.received.length > 0, 'the keys on their way');
    const order: string[] = [];
    const held = [
      reader
        ?.pipeline([
          ['GET', 'a'],
          ['GET', 'b'],
        ])
        .then((replies) => order.push(`read ${replies}`)),
      writer?.call('APPEND', 'a', 'new').then((reply) => order.push(`append ${reply}`)),
      transaction
        ?.pipeline([['MULTI'], ['INCR', 'n'], ['GET', 'a'], ['EXEC']])
        .then((replies) => order.push(`exec ${replies[3]}`)),
    ];
    expect(await other?.text('SET', 'b', '3')).toBe('OK');
    await until(
      async () => (await other?.text('INFO', 'clients'))?.includes('blocked_clients:4\r\n') ?? false,
      'the others to wait',
    );
    expect(await other?.call('GET', 'n')).toBeNull();
    expect(order).toEqual([]);
    target.say('+OK\r\n+OK\r\n');
    expect(await migration).toBe('OK');
    await Promise.all(held);
    expect(order.sort()).toEqual(['append 3', 'exec 1,new', 'read ,3']);
  });

  it('tells replicas to delete exactly what the target has', async () => {
    const source = await start('bundled');
    const target = await fakeTarget((text) =>
      text.startsWith('*2\r\n$6\r\nSELECT') ? '+OK\r\n+OK\r\n-ERR no\r\n+OK\r\n' : '+OK\r\n',
    );
    const told: string[] = [];
    source.node?.parts.propagation.subscribe((db, argv) => told.push(`${db} ${argv.join(' ')}`));
    await source.client.text('MSET', 'a', '1', 'b', '2', 'c', '3');
    told.length = 0;
    expect(
      messageOf(
        await source.client.call(
          'MIGRATE',
          '127.0.0.1',
          target.port,
          '',
          0,
          5000,
          'KEYS',
          'a',
          'b',
          'none',
          'c',
        ),
      ),
    ).toBe('ERR Target instance replied with error: ERR no');
    expect(told).toEqual(['0 DEL a c']);
    expect(await source.client.call('EXISTS', 'a', 'b', 'c')).toBe(1);
  });

  it('writes all keys in one batch, and selects the database only when it must', async () => {
    const source = await start('bundled');
    const target = await fakeTarget((text) =>
      '+OK\r\n'.repeat(text.match(/\$(?:6\r\nSELECT|7\r\nRESTORE)/g)?.length ?? 0),
    );
    await source.client.text('MSET', 'a', '1', 'b', '2', 'c', '3', 'd', '4');
    for (const [args, commands] of [
      [
        ['a', 0],
        ['SELECT', 'RESTORE'],
      ],
      [['b', 0], ['RESTORE']],
      [
        ['c', 2],
        ['SELECT', 'RESTORE'],
      ],
      [['d', 2], ['RESTORE']],
    ] as const) {
      expect(await source.client.text('MIGRATE', '127.0.0.1', target.port, ...args, 1000)).toBe('OK');
      expect(target.received.at(-1)?.match(/SELECT|RESTORE/g)).toEqual(commands);
    }
    expect(await source.info('migrate_cached_sockets')).toBe('1');
    expect(target.received).toHaveLength(4);
  });

  it('tries once more when a kept connection has died, and loses nothing', async () => {
    const source = await start('bundled');
    const target = await fakeTarget((text, connection) =>
      connection === 1 && text.includes('second') ? undefined : '+OK\r\n+OK\r\n',
    );
    await source.client.text('MSET', 'first', '1', 'second', '2');
    expect(await source.client.text('MIGRATE', '127.0.0.1', target.port, 'first', 0, 1000)).toBe('OK');
    expect(await source.client.text('MIGRATE', '127.0.0.1', target.port, 'second', 0, 1000)).toBe('OK');
    expect(await source.client.call('DBSIZE')).toBe(0);
  });

  it('deletes what was acknowledged before the connection broke, and nothing else', async () => {
    const source = await start('bundled');
    const target = await fakeTarget((text) => (text.includes('RESTORE') ? '+OK\r\n+OK\r\n' : ''));
    await source.client.text('MSET', 'a', '1', 'b', '2', 'c', '3');
    // SELECT and the first key are answered, then nothing comes.
    expect(
      messageOf(
        await source.client.call('MIGRATE', '127.0.0.1', target.port, '', 0, 60, 'KEYS', 'a', 'b', 'c'),
      ),
    ).toBe('IOERR error or timeout reading to target instance');
    expect(await source.client.call('EXISTS', 'a')).toBe(0);
    expect(await source.client.call('EXISTS', 'b', 'c')).toBe(2);
    expect(await source.info('migrate_cached_sockets')).toBe('0');
  });

  it('times out where nothing answers', async () => {
    const source = await start('bundled');
    const target = await fakeTarget(() => '');
    await source.client.text('SET', 'a', '1');
    expect(messageOf(await source.client.call('MIGRATE', '127.0.0.1', target.port, 'a', 0, 50))).toBe(
      'IOERR error or timeout reading to target instance',
    );
    expect(messageOf(await source.client.call('MIGRATE', 'no.such.host.invalid', 1, 'a', 0, 2000))).toBe(
      'IOERR error or timeout connecting to the client',
    );
    expect(await source.client.text('GET', 'a')).toBe('1');
  });

  it('distrusts a target that says more than it was asked', async () => {
    const source = await start('bundled');
    const target = await fakeTarget(() => '+OK\r\n+OK\r\n+OK\r\nwhat else');
    await source.client.text('MSET', 'a', '1', 'b', '2');
    expect(await source.client.text('MIGRATE', '127.0.0.1', target.port, 'a', 0, 1000)).toBe('OK');
    expect(await source.info('migrate_cached_sockets')).toBe('0');
    expect(await source.client.text('GET', 'b')).toBe('2');
  });

  it('finishes for a client that has gone', async () => {
    const source = await start('bundled');
    const target = await fakeTarget(() => '');
    await source.client.text('SET', 'a', '1');
    const gone = await RawConnection.open(source.port);
    const pending = gone.call('MIGRATE', '127.0.0.1', target.port, 'a', 0, 5000).catch(() => 'gone');
    await until(() => target.received.length > 0, 'the keys on their way');
    const waiting = source.client.call('EXISTS', 'a');
    gone.close();
    expect(await pending).toBe('gone');
    target.say('+OK\r\n+OK\r\n');
    expect(await waiting).toBe(0);
  });

  it('keeps a key that has become another one on its way, and says so', async () => {
    const source = await start('bundled');
    const target = await fakeTarget(() => '');
    await source.client.text('MSET', 'a', '1', 'b', '2', 'c', '3');
    await source.client.text('SETRANGE', 'd', 2, 'x');
    const migration = source.client.call(
      ...(['MIGRATE', '127.0.0.1', target.port, '', 0, 5000, 'KEYS', 'a', 'b', 'c', 'd'] as const),
    );
    await until(() => target.received.length > 0, 'the keys on their way');
    // No client can do this; what is about to happen is that the node itself changes its data.
    const db = source.node?.parts.databases[0];
    db?.set('a', 'another');
    db?.delete('b');
    db?.editString('d').writeAt(0, 'changed');
    target.say('+OK\r\n'.repeat(5));
    expect(messageOf(await migration)).toMatch(/^ERR 2 keys were not deleted here/);
    expect(await source.client.call('MGET', 'a', 'b', 'c', 'd')).toEqual([
      Buffer.from('another'),
      null,
      null,
      Buffer.from('changed'),
    ]);
  });

  it('lets a key expire on its way', async () => {
    const source = await start('bundled');
    const target = await fakeTarget(() => '');
    const atMs = Date.now() + 100;
    // In one write: it must be on its way before it expires.
    const migration = source.client.pipeline([
      ['SET', 'a', '1', 'PXAT', atMs],
      ['MIGRATE', '127.0.0.1', target.port, 'a', 0, 60_000],
    ]);
    await until(() => target.received.length > 0, 'the key on its way');
    await until(() => Date.now() > atMs, 'its time');
    target.say('+OK\r\n+OK\r\n');
    expect((await migration).map(String)).toEqual(['OK', 'OK']);
    expect(await source.client.call('DBSIZE')).toBe(0);
  });

  it('deletes nothing once it has become a replica', async () => {
    const source = await start('bundled');
    const target = await fakeTarget(() => '');
    await source.client.text('SET', 'a', '1');
    const other = await RawConnection.open(source.port);
    closers.push(() => other.close());
    const migration = source.client.call('MIGRATE', '127.0.0.1', target.port, 'a', 0, 5000);
    await until(() => target.received.length > 0, 'the key on its way');
    await other.text('REPLICAOF', '127.0.0.1', 1);
    target.say('+OK\r\n+OK\r\n');
    expect(messageOf(await migration)).toMatch(/^ERR 1 keys were not deleted here/);
    expect(await source.client.text('GET', 'a')).toBe('1');
  });

  it('is refused inside a transaction', async () => {
    const source = await start('bundled');
    await source.client.text('SET', 'a', '1');
    const replies = await source.client.pipeline([
      ['MULTI'],
      ['MIGRATE', '127.0.0.1', 1, 'a', 0, 10],
      ['EXEC'],
    ]);
    expect(messageOf((replies[2] as RawReply[])[0] as RawReply)).toMatch(/^ERR MIGRATE cannot run inside/);
    expect(await source.client.text('GET', 'a')).toBe('1');
  });
});
