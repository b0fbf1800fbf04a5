import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinkOptions, MasterLink } from '../../../src/node/replication/master-link.ts';
import { RdbReader } from '../../../src/protocol/rdb/reader.ts';
import { RdbWriter } from '../../../src/protocol/rdb/writer.ts';
import { request } from '../../../src/protocol/resp/encode.ts';

const ID = 'ab'.repeat(20);
const MARK = '0123456789'.repeat(4);
const options: LinkOptions = {
  auth: undefined,
  listeningPort: 7000,
  announcedIp: '',
  cached: undefined,
  takeOver: false,
};

function rdbOf(keys: Record<string, string>): Buffer {
  const writer = new RdbWriter({ compress: true, checksum: true });
  writer.header({ redisVersion: '7.0.15', createdAtSeconds: 1, usedMemoryBytes: 1 });
  writer.resizeDb(0, Object.keys(keys).length, 0);
  for (const [key, value] of Object.entries(keys)) writer.entry(key, value, -1);
  writer.end();
  return writer.take();
}

/** A link with what it told: requests as arrays, everything else as text. */
function linkWith(given: Partial<LinkOptions> = {}, loadAtOnce = true) {
  const told: string[] = [];
  const sent: string[] = [];
  const keys: Record<string, string> = {};
  let reader: RdbReader | undefined;
  let offset = -1;
  let inMulti = false;
  const applied: Buffer[] = [];
  const busy = { is: false };
  const link: MasterLink = new MasterLink(
    { ...options, ...given },
    {
      send: (text) => sent.push(text),
      log: () => {},
      fullSyncBegins(id, at) {
        told.push(`full ${id} ${at}`);
        offset = at ?? 0;
        reader = new RdbReader(
          {
            aux() {},
            functionLibrary() {},
            entry: (entry) => {
              keys[entry.key] = String(entry.value);
            },
          },
          { checksum: true, databases: 16 },
        );
      },
      transferBegins: (size) => told.push(`transfer ${size}`),
      rdb(bytes) {
        if (reader !== undefined && reader.feed(bytes) < bytes.length)
          throw new Error('bytes behind its end');
      },
      takeOverRefused: () => told.push('no takeover'),
      transferEnds() {
        reader?.end();
        told.push('loaded');
        if (loadAtOnce) link.startStream(offset);
      },
      busy: () => busy.is,
      partialSync: (id) => told.push(`partial ${id}`),
      apply(argv) {
        told.push(argv.join(' '));
        if (argv[0] === 'MULTI') inMulti = true;
        if (argv[0] === 'EXEC') inMulti = false;
        return !inMulti;
      },
      applied: (bytes) => applied.push(Buffer.from(bytes)),
      failed: (reason) => told.push(`failed: ${reason}`),
    },
  );
  const receive = (text: string | Buffer, chunkBytes = 1e9): void => {
    const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1');
    for (let at = 0; at < bytes.length; at += chunkBytes)
      link.receive(Buffer.from(bytes.subarray(at, at + chunkBytes)));
  };
  return {
    link,
    busy,
    told,
    sent,
    keys,
    receive,
    appliedText: () => Buffer.concat(applied).toString('latin1'),
  };
}

/** Past the handshake, waiting for the answer to PSYNC. */
function atPsync(given: Partial<LinkOptions> = {}, loadAtOnce = true) {
  const all = linkWith(given, loadAtOnce);
  all.link.connected();
  all.receive('+PONG\r\n+OK\r\n+OK\r\n');
  return all;
}

describe('the link to a master', () => {
  it('shakes hands as Redis does', () => {
    const { link, sent, receive } = linkWith();
    link.connected();
    expect(sent).toEqual([request(['PING'])]);
    receive('+PONG\r\n');
    expect(sent.slice(1)).toEqual([
      request(['REPLCONF', 'listening-port', '7000']),
      request(['REPLCONF', 'capa', 'eof', 'capa', 'psync2']),
    ]);
    receive('+OK\r\n');
    expect(sent).toHaveLength(3);
    receive('-ERR Unrecognized REPLCONF option: capa\r\n');
    expect(sent[3]).toBe(request(['PSYNC', '?', '-1']));
    expect(link.state).toBe('handshake');
  });

  it('logs in, announces its address, and asks to go on where it was', () => {
    const { link, sent, receive } = linkWith({
      auth: { user: 'repl', password: 'secret' },
      announcedIp: '10.0.0.1',
      cached: { id: ID, offset: 41 },
    });
    link.connected();
    receive('-NOAUTH Authentication required.\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n');
    expect(sent.slice(1)).toEqual([
      request(['AUTH', 'repl', 'secret']),
      request(['REPLCONF', 'listening-port', '7000']),
      request(['REPLCONF', 'ip-address', '10.0.0.1']),
      request(['REPLCONF', 'capa', 'eof', 'capa', 'psync2']),
      request(['PSYNC', ID, '42']),
    ]);
  });

  const rdb = rdbOf({ a: '1', binary: '\x00\xff\r\n', long: 'x'.repeat(5000) });
  const framings: [string, Buffer][] = [
    ['a mark', Buffer.concat([Buffer.from(`$EOF:${MARK}\r\n`), rdb, Buffer.from(MARK)])],
    ['its length', Buffer.concat([Buffer.from(`$${rdb.length}\r\n`), rdb])],
  ];
  it.each(framings)('receives an RDB by %s in chunks of any size, then the stream', (_name, framed) => {
    const stream = request(['SELECT', '0']) + request(['SET', 'k', '\x00\xff\r\n']) + request(['PING']);
    for (const chunkBytes of [1, 2, 7, 50, 100_000]) {
      const { told, keys, receive, link, appliedText } = atPsync();
      receive('\n\n');
      receive(`+FULLRESYNC ${ID} 1000\r\n`, chunkBytes);
      receive('\n\n\n');
      receive(Buffer.concat([framed, Buffer.from(stream, 'latin1')]), chunkBytes);
      expect(keys).toEqual({ a: '1', binary: '\x00\xff\r\n', long: 'x'.repeat(5000) });
      expect(told.slice(0, 1)).toEqual([`full ${ID} 1000`]);
      expect(told.slice(2)).toEqual(['loaded', 'SELECT 0', 'SET k \x00\xff\r\n', 'PING']);
      expect(link.offset).toBe(1000 + stream.length);
      expect(link.readOffset).toBe(link.offset);
      expect(appliedText()).toBe(stream);
    }
  });

  it('keeps what comes while the data are loaded', () => {
    const { told, receive, link, sent } = atPsync({}, false);
    receive(Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} 5\r\n`), framings[1]?.[1] ?? rdb]));
    receive(request(['SET', 'a', 'b']), 3);
    expect(link.state).toBe('loading');
    expect(told.at(-1)).toBe('loaded');
    link.acknowledge();
    expect(sent.at(-1)).toBe(request(['PSYNC', '?', '-1']));
    link.startStream(5);
    expect(told.at(-1)).toBe('SET a b');
    link.acknowledge();
    expect(sent.at(-1)).toBe(request(['REPLCONF', 'ACK', String(5 + request(['SET', 'a', 'b']).length)]));
  });

  it('goes on where it was, also under a new name of the history', () => {
    for (const [line, name] of [
      ['+CONTINUE\r\n', undefined],
      [`+CONTINUE ${ID}\r\n`, undefined],
      [`+CONTINUE ${'cd'.repeat(20)}\r\n`, 'cd'.repeat(20)],
    ] as const) {
      const { told, link, receive } = atPsync({ cached: { id: ID, offset: 99 } });
      receive(line + request(['DEL', 'x']));
      expect(told).toEqual([`partial ${name}`, 'DEL x']);
      expect(link.offset).toBe(99 + request(['DEL', 'x']).length);
    }
  });

  it('keeps what comes while this node is busy', () => {
    const { told, busy, receive, link } = atPsync({ cached: { id: ID, offset: 0 } });
    receive('+CONTINUE\r\n');
    busy.is = true;
    const write = request(['SET', 'a', 'b']);
    receive(write + write, 10);
    link.goOn();
    expect(link.offset).toBe(0);
    expect(link.readOffset).toBe(2 * write.length);
    busy.is = false;
    link.goOn();
    expect(told.slice(-2)).toEqual(['SET a b', 'SET a b']);
    expect(link.offset).toBe(2 * write.length);
  });

  it('counts a transaction when it is done, and what asks for the offset afterwards', () => {
    const { receive, link, sent, appliedText } = atPsync({ cached: { id: ID, offset: 0 } });
    receive('+CONTINUE\r\n');
    const before = request(['SET', 'a', '1']);
    const multi = request(['MULTI']) + request(['SET', 'b', '2']);
    const getack = request(['REPLCONF', 'GETACK', '*']);
    receive(before + multi);
    expect(link.offset).toBe(before.length);
    expect(link.readOffset).toBe(before.length + multi.length);
    expect(appliedText()).toBe(before);
    const all = before + multi + request(['EXEC']);
    receive(request(['EXEC']) + getack, 5);
    expect(sent.at(-1)).toBe(request(['REPLCONF', 'ACK', String(all.length)]));
    expect(link.offset).toBe(all.length + getack.length);
    expect(appliedText()).toBe(all + getack);
  });

  it('asks with SYNC where PSYNC is not known, and acknowledges nothing then', () => {
    const { receive, told, sent, keys } = atPsync({ cached: { id: ID, offset: 7 } });
    receive('-ERR unknown command\r\n');
    expect(sent.at(-1)).toBe('SYNC\r\n');
    receive(Buffer.concat([Buffer.from(`\n\n$${rdb.length}\r\n`), rdb]));
    expect(told).toEqual(['full undefined undefined', `transfer ${rdb.length}`, 'loaded']);
    expect(Object.keys(keys)).toHaveLength(3);
    receive(request(['REPLCONF', 'GETACK', '*']) + request(['SET', 'a', 'b']));
    expect(told.at(-1)).toBe('SET a b');
    expect(sent.at(-1)).toBe('SYNC\r\n');
  });

  it('acknowledges data that end at a mark, though it asked with SYNC', () => {
    const { receive, sent, link } = atPsync({ cached: { id: ID, offset: 7 } });
    receive('-ERR unknown command\r\n');
    const mark = Buffer.alloc(40, 'm');
    receive(Buffer.concat([Buffer.from(`$EOF:${mark}\r\n`), rdb, mark]));
    if (link.state !== 'stream') link.startStream(0);
    link.acknowledge();
    expect(sent.at(-1)).toBe('SYNC\r\n');
    link.acknowledgeData();
    expect(sent.at(-1)).toBe(request(['REPLCONF', 'ACK', '0']));
  });

  it('asks a replica to take over, and tells when it does not', () => {
    const { receive, told, sent, link } = atPsync({ cached: { id: ID, offset: 7 }, takeOver: true });
    expect(sent.at(-1)).toBe(request(['PSYNC', ID, '8', 'FAILOVER']));
    receive('-NOPERM\r\n');
    expect(told).toEqual(['no takeover']);
    expect(link.state).toBe('failed');
  });

  const NOT_NOW = 'The master did not accept PSYNC, trying again later';
  it.each([
    ['-ERR go away\r\n', "Error reply to PING from master: '-ERR go away'"],
    ['-NOAUTH no\r\n-WRONGPASS invalid\r\n+OK\r\n', 'Unable to AUTH to MASTER: -WRONGPASS invalid'],
    ["+PONG\r\n+OK\r\n+OK\r\n+OK\r\n-NOMASTERLINK Can't SYNC\r\n", NOT_NOW],
    ['+PONG\r\n+OK\r\n+OK\r\n+OK\r\n-LOADING a while\r\n', NOT_NOW],
    ['+PONG\r\n+OK\r\n+OK\r\n+OK\r\n+FULLRESYNC 12 0\r\n', NOT_NOW],
    ['+PONG\r\n+OK\r\n+OK\r\n+OK\r\n+CONTINUE\r\n', NOT_NOW],
    ['x'.repeat(5000), 'The master sent a line without an end'],
  ])('gives up on the handshake %#', (answers, reason) => {
    const { link, told, receive } = linkWith({ auth: { user: '', password: 'p' } });
    link.connected();
    receive(answers);
    expect(told).toEqual([`failed: ${reason}`]);
    expect(link.state).toBe('failed');
  });

  const BROKEN = 'Failed trying to load the MASTER synchronization DB';
  it.each([
    ['-ERR out of memory\r\n', 'MASTER aborted replication with an error: ERR out of memory'],
    [
      'hello\r\n',
      "Bad protocol from MASTER, the first byte is not '$' (we received 'hello'), are you sure the host and port are right?",
    ],
    [`$EOF:${MARK}\r\n${rdb.toString('latin1')}x${MARK.slice(1)}0`, `${BROKEN}: bytes behind its end`],
    [`$${rdb.length + 7}\r\n${rdb.toString('latin1')}${'x'.repeat(7)}`, `${BROKEN}: bytes behind its end`],
    ['$11\r\nREDIS0010\xfa\x01', `${BROKEN}: the RDB ended early, after 11 bytes`],
    ['$0\r\n', `${BROKEN}: the RDB ended early, after 0 bytes`],
    ['$12\r\nREDIS9999xxx', `${BROKEN}: RDB version 9999 is not supported, only 1 to 12 are`],
    ['$13\r\nREDIS0010\x63\x01k\xff', `${BROKEN}: the RDB is malformed at byte 9: unknown type or opcode 99`],
  ])('gives up on the transfer %#', (bytes, reason) => {
    for (const chunkBytes of [1, 1000]) {
      const { told, receive, link } = atPsync();
      receive(`+FULLRESYNC ${ID} 0\r\n`);
      receive(bytes, chunkBytes);
      expect(told.at(-1)).toBe(`failed: ${reason}`);
      expect(told).not.toContain('loaded');
      expect(link.state).toBe('failed');
    }
  });

  it('gives up on a stream that is no stream', () => {
    const { told, receive } = atPsync({ cached: { id: ID, offset: 0 } });
    receive('+CONTINUE\r\nhello there\r\n');
    expect(told.at(-1)).toContain('failed: The master');
  });

  it('survives any bytes at any point', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        (stage, chunks) => {
          const { receive, told } = stage === 0 ? linkWith() : atPsync({ cached: { id: ID, offset: 7 } });
          if (stage === 2) receive(`+FULLRESYNC ${ID} 0\r\n$EOF:${MARK}\r\n`);
          if (stage === 3) receive('+CONTINUE\r\n');
          for (const chunk of chunks) receive(Buffer.from(chunk));
          expect(told.filter((text) => text.startsWith('failed')).length).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
