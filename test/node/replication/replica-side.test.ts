/** A bundled replica of a master that misbehaves: what it has stays, and it comes again. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RdbWriter } from '../../../src/protocol/rdb/writer.ts';
import { request } from '../../../src/protocol/resp/encode.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';
import { Subscriber } from '../../helpers/subscriber.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(...directives: string[]): Promise<Standalone> {
  const server = await startStandalone('bundled', directives);
  closers.push(() => server.stop());
  return server;
}

const ID = 'ab'.repeat(20);
const MARK = '0123456789'.repeat(4);

function rdbOf(keys: number, streamDb = 0): Buffer {
  const writer = new RdbWriter({ compress: true, checksum: true });
  const replication = { streamDb, id: ID, offset: 0 };
  writer.header({ redisVersion: '7.0.15', createdAtSeconds: 1, usedMemoryBytes: 1, replication });
  writer.resizeDb(0, keys, 0);
  for (let i = 0; i < keys; i++) writer.entry(`key${i}`, `value ${i}`, -1);
  writer.end();
  return writer.take();
}

interface FakeMaster {
  readonly port: number;
  /** PSYNC requests, "id offset". */
  readonly asked: string[];
  /** All that replicas sent. */
  text: string;
  /** The last connection. */
  socket: Socket | undefined;
}

/** A master that shakes hands, and answers PSYNC with what `answer` says, by the number of the connection. */
async function fakeMaster(answer: (attempt: number, socket: Socket) => void): Promise<FakeMaster> {
  const master: FakeMaster = { port: 0, asked: [], text: '', socket: undefined };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    master.socket = socket;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      master.text += text;
      const psync = /PSYNC\r\n\$\d+\r\n(\S+)\r\n\$\d+\r\n(\S+)/.exec(text);
      if (psync) {
        master.asked.push(`${psync[1]} ${psync[2]}`);
        answer(master.asked.length, socket);
      } else {
        socket.write('+OK\r\n'.repeat(text.match(/PING|REPLCONF\r\n\$(?!3)/g)?.length ?? 0));
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return Object.assign(master, { port: address !== null && typeof address === 'object' ? address.port : 0 });
}

const full = (rdb: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} 100\r\n$EOF:${MARK}\r\n`), rdb, Buffer.from(MARK)]);

async function follow(replica: Standalone, master: FakeMaster): Promise<void> {
  await replica.client.text('SET', 'old', 'data');
  await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
}

describe('a replica', () => {
  it('keeps what it has until all of the new data are there, and tries again', async () => {
    const rdb = rdbOf(1000);
    const master = await fakeMaster((attempt, socket) => {
      const bytes = full(rdb);
      if (attempt === 1) socket.end(bytes.subarray(0, bytes.length / 2));
      else if (attempt === 2) {
        bytes[300] = (bytes[300] as number) ^ 1;
        socket.write(bytes);
      } else if (attempt === 3) socket.write('-LOADING Redis is loading the dataset in memory\r\n');
    });
    const replica = await start();
    await follow(replica, master);
    await until(() => master.asked.length === 2, 'the second attempt');
    await until(async () => (await replica.info('master_sync_in_progress')) === '0', 'the refusal');
    expect(await replica.client.text('GET', 'old')).toBe('data');
    expect(await replica.client.call('DBSIZE')).toBe(1);
    expect(await replica.info('master_link_status')).toBe('down');
    expect(replica.log.join('\n')).toMatch(
      /Failed trying to load the MASTER synchronization DB: it(s checksum is wrong| is malformed)/,
    );
  });

  it('takes over data, offset and database of the stream, and acknowledges', async () => {
    const master = await fakeMaster((_attempt, socket) => socket.write(full(rdbOf(1000, 3))));
    const replica = await start('--loglevel', 'debug');
    await follow(replica, master);
    await until(async () => (await replica.info('master_link_status')) === 'up', 'the link');
    expect(await replica.client.call('DBSIZE')).toBe(1000);
    expect(master.text).toContain(request(['REPLCONF', 'ACK', '100']));
    const write = request(['SET', 'a', '1']);
    master.socket?.write(write);
    await until(
      async () => (await replica.info('slave_repl_offset')) === String(100 + write.length),
      'the write',
    );
    await replica.client.text('SELECT', 3);
    expect(await replica.client.text('GET', 'a')).toBe('1');
    expect(await replica.info('master_replid')).toBe(ID);
    await until(
      () => master.text.includes(request(['REPLCONF', 'ACK', String(100 + write.length)])),
      'the ACK',
    );
  });

  it('applies nothing while writes are paused; clients that track keys hear that all are others', async () => {
    const master = await fakeMaster((_attempt, socket) => socket.write(full(rdbOf(10))));
    const replica = await start();
    const reader = await Subscriber.open(replica.port);
    closers.push(() => reader.close());
    await reader.take('$4\r\ndata\r\n', 'HELLO 3', 'SET old data', 'CLIENT TRACKING ON', 'GET old');
    await follow(replica, master);
    await until(async () => (await replica.info('master_link_status')) === 'up', 'the link');
    expect(await reader.take('end', 'ECHO end')).toContain('>2\r\n$10\r\ninvalidate\r\n_\r\n');
    await replica.client.text('CLIENT', 'PAUSE', 100_000, 'WRITE');
    const write = request(['SET', 'a', '1']);
    const offsets = async (): Promise<string[]> =>
      Promise.all(['slave_read_repl_offset', 'slave_repl_offset'].map((name) => replica.info(name)));
    const after = String(100 + write.length);
    master.socket?.write(write);
    await until(async () => (await offsets())[0] === after, 'the write to come');
    expect([await offsets(), await replica.client.call('GET', 'a')]).toEqual([[after, '100'], null]);
    await replica.client.text('CLIENT', 'UNPAUSE');
    await until(async () => (await offsets())[1] === after, 'the write to be applied');
    expect(await replica.client.text('GET', 'a')).toBe('1');
  });

  it('asks to go on where it was, without what it had not applied', async () => {
    const write = request(['SET', 'a', '1']);
    const open = request(['MULTI']) + request(['SET', 'b', '2']);
    const master = await fakeMaster((attempt, socket) => {
      if (attempt === 1) socket.write(Buffer.concat([full(rdbOf(10)), Buffer.from(write + open)]));
      else socket.write(`+CONTINUE ${ID}\r\n${open}${request(['EXEC'])}`);
    });
    const replica = await start();
    await follow(replica, master);
    await until(async () => (await replica.client.call('GET', 'a')) !== null, 'the first write');
    master.socket?.destroy();
    await until(async () => (await replica.client.call('GET', 'b')) !== null, 'the transaction');
    expect(master.asked[1]).toBe(`${ID} ${101 + write.length}`);
    expect(await replica.client.call('DBSIZE')).toBe(12);
    const all = write + open + request(['EXEC']);
    expect(await replica.info('slave_repl_offset')).toBe(String(100 + all.length));
  });

  it('answers LOADING, and nothing half, while much data take the place of the old', async () => {
    const master = await fakeMaster((_attempt, socket) => socket.write(full(rdbOf(150_000))));
    const replica = await start();
    await follow(replica, master);
    const seen = new Set<string>();
    await until(async () => {
      const reply = await replica.client.call('GET', 'key149999');
      seen.add(reply instanceof Error ? reply.message : String(reply));
      return seen.has('value 149999');
    }, 'the data');
    const loading = 'LOADING Redis is loading the dataset in memory';
    expect([...seen].filter((each) => each !== 'null' && each !== loading)).toEqual(['value 149999']);
    expect(await replica.client.call('DBSIZE')).toBe(150_000);
  });

  it('finishes the data that are being put in place when it becomes a master meanwhile', async () => {
    const master = await fakeMaster((_attempt, socket) => socket.write(full(rdbOf(150_000))));
    const replica = await start();
    await follow(replica, master);
    await until(() => replica.node?.parts.replication.loading ?? false, 'the loading');
    replica.node?.parts.replication.follow(undefined);
    expect(await replica.client.call('DBSIZE')).toBe(150_000);
    expect(await replica.info('role')).toBe('master');
    expect(await replica.info('master_replid2')).toBe(ID);
    expect(await replica.info('second_repl_offset')).toBe('101');
  });

  it('refuses data of a type that it does not have, in one sentence', async () => {
    const ofModule = Buffer.concat([
      Buffer.from('REDIS0010\x07\x01m\x81', 'latin1'),
      Buffer.alloc(8),
      Buffer.from([0]),
    ]);
    const master = await fakeMaster((_attempt, socket) => socket.write(full(ofModule)));
    const replica = await start();
    await follow(replica, master);
    await until(
      () =>
        replica.log.some((line) =>
          line.includes('its key "m" is a value of the module type AAAAAAAAA, which cannot be restored'),
        ),
      'the refusal',
    );
    expect(await replica.client.text('GET', 'old')).toBe('data');
    expect(await replica.client.call('DBSIZE')).toBe(1);
  });

  it('gives up a master that says nothing', async () => {
    const master = await fakeMaster(() => {});
    const replica = await start('--repl-timeout', '1');
    await follow(replica, master);
    await until(() => master.asked.length === 2, 'another attempt');
    expect(replica.log.join('\n')).toContain('Timeout connecting to the MASTER...');
  });

  it('serves old data or refuses, as replica-serve-stale-data says', async () => {
    const replica = await start();
    await follow(replica, await fakeMaster(() => {}));
    expect(await replica.client.text('GET', 'old')).toBe('data');
    await replica.client.text('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    await expect(replica.client.text('GET', 'old')).rejects.toThrow(/^MASTERDOWN/);
  });
});

describe.skipIf(skipWithoutRedisServer)(`INFO and ROLE${redisServerNote}`, () => {
  const names = (text: string): string[] => text.split('\r\n').map((line) => line.split(':')[0] as string);

  it('say the same as those of redis-server, in the same order', async () => {
    for (const [one, two] of [
      ['redis-server', 'bundled'],
      ['bundled', 'redis-server'],
    ] as const) {
      const [a, b] = [await startStandalone(one), await startStandalone(two)];
      closers.push(
        () => a.stop(),
        () => b.stop(),
      );
      const same = async (): Promise<void> => {
        expect(names(await a.client.text('INFO', 'replication'))).toEqual(
          names(await b.client.text('INFO', 'replication')),
        );
      };
      await same();
      for (const server of [a, b]) await server.client.text('REPLICAOF', '127.0.0.1', 1);
      await same();
      expect(await a.client.call('ROLE')).toHaveLength(5);
      const [roleOfA, roleOfB] = [await a.client.call('ROLE'), await b.client.call('ROLE')];
      // Between two attempts, or in one.
      const withoutState = (role: unknown): unknown[] => (role as unknown[]).filter((_field, i) => i !== 3);
      expect(withoutState(roleOfA)).toEqual(withoutState(roleOfB));
      for (const server of [a, b]) await server.client.text('REPLICAOF', 'NO', 'ONE');
      await same();
    }
  });
});
