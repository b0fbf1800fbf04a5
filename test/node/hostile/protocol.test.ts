import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { request } from '../../../src/protocol/resp/encode.ts';
import { bounded } from '../../helpers/bounded.ts';
import { usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

/** What a server answers to these bytes (latin1), behind which no more come, until it closes the connection. */
function answerTo(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.end(bytes, 'latin1'));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    // A server that closes at once may reset what is still on its way.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(received));
  });
}

const PING = '*1\r\n$4\r\nPING\r\n';

const garbage: Readonly<Record<string, string>> = {
  'too many words': '*2147483648\r\n',
  'a count below zero': `*-1\r\n*-2147483648\r\n${PING}`,
  'a count of nothing': `${'*0\r\n'.repeat(10_000)}${PING}`,
  'a count that wraps around': '*18446744073709551617\r\n$4\r\nPING\r\n',
  'a count of many digits': `*${'1'.repeat(100)}\r\n`,
  'a count without end': `*${'1'.repeat(65_537)}`,
  'a count that is no number': '*abc\r\n',
  'a count with a zero before it': '*01\r\n$4\r\nPING\r\n',
  'a word beyond all measure': '*1\r\n$9223372036854775808\r\n',
  'a word longer than may be': '*1\r\n$536870913\r\n',
  'a word of less than nothing': '*1\r\n$-1\r\n',
  'a word without length': '*1\r\n:4\r\nPING\r\n',
  'a length without end': `*1\r\n$${'1'.repeat(65_537)}`,
  'other bytes where a line should end': `*1\r\n$4\r\nPINGxx${PING}`,
  'no name': '*1\r\n$0\r\n\r\n*2\r\n$0\r\n\r\n$1\r\na\r\n',
  'a name without measure': request(['x'.repeat(100_000), 'y'.repeat(100_000)]),
  'many unknown words': request(['NOSUCH', ...Array.from({ length: 1000 }, () => 'x'.repeat(1000))]),
  'empty lines': `${'\r\n'.repeat(50_000)}PING\r\n`,
  'a line without end': 'x'.repeat(65_537),
  'a line of many words': `${'a '.repeat(30_000)}\r\n`,
  'a quote that is never closed': '"PING\r\n',
  'words glued to a quote': "'PING'x\r\n",
  'a zero byte': '\0\u0001\u0002\r\nPING\r\n',
  'a request of HTTP': 'POST / HTTP/1.1\r\nHost: x\r\n\r\n',
  'the second line of one': 'Host: x\r\n',
};

const withoutPassword: Readonly<Record<string, string>> = {
  'many words': '*11\r\n',
  'a long word': '*2\r\n$16385\r\n',
  'as many as may be': request(Array.from({ length: 10 }, () => 'x')),
  'a wrong password': request(['AUTH', 'x'.repeat(16_000)]),
  'HELLO with one': request(['HELLO', '3', 'AUTH', 'default', 'x']),
};

describe.skipIf(skipWithoutRedisServer)(`what is no request${redisServerNote}`, () => {
  const pair = usePair();
  const both = (bytes: string): Promise<string[]> =>
    Promise.all([pair().redis, pair().node].map(({ port }) => answerTo(port, bytes)));

  it.each(Object.entries(garbage))('%s', async (_name, bytes) => {
    const [redis, node] = await both(bytes);
    expect(node).toBe(redis);
  });

  it.each(Object.entries(withoutPassword))('without the password: %s', async (_name, bytes) => {
    await pair().run(['CONFIG SET requirepass secret']);
    try {
      const [redis, node] = await both(bytes);
      expect(node).toBe(redis);
    } finally {
      await pair().run(['CONFIG SET requirepass ']);
    }
  });

  it('takes what trickles in in time that grows with its length only', async () => {
    const { port } = pair().node;
    const value = 'x'.repeat(8 * 2 ** 20);
    const bytes =
      request(['SET', 'key', value]) + request(['DEL', ...Array.from({ length: 20_000 }, () => 'a')]);
    await bounded({ withinMs: 20_000, heldMiB: 200 }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      for (let at = 0; at < bytes.length; at += 1000) {
        const chunk = bytes.slice(at, at + 1000);
        if (!socket.write(chunk, 'latin1')) await new Promise((resolve) => socket.once('drain', resolve));
      }
      await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
    });
    expect(await pair().node.client.text('STRLEN', 'key')).toBe(String(value.length));
  });
});
