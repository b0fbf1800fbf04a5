import { describe, expect, it } from 'vitest';
import {
  formatAddress,
  parseAddress,
  parseEndpoint,
  parseEndpoints,
  takeEndpoint,
} from '../../../src/protocol/text/addresses.ts';

const at = (host: string, port: number) => ({ host, port, credentials: undefined, tls: false });

describe('addresses', () => {
  it.each([
    ['127.0.0.1:7000', '127.0.0.1', 7000],
    ['[::1]:7000', '::1', 7000],
    ['fe80::1:2:7000', 'fe80::1:2', 7000],
    ['node-1.example:6379', 'node-1.example', 6379],
    [':7000', '127.0.0.1', 7000],
    ['7000', '127.0.0.1', 7000],
    ['10.0.0.1:7000@17000', '10.0.0.1', 7000],
  ])('reads %s', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
  });

  it.each(['', 'localhost', 'a:b', '1.2.3.4:0', '1.2.3.4:65536', 'a b:7000', 'http://x:1', 'x:70000000000'])(
    'refuses %j with a usage error',
    (text) => {
      expect(() => parseEndpoints([text])).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );

  it('writes what it reads', () => {
    for (const text of ['127.0.0.1:7000', '[::1]:7000', '[fe80::1]:1']) {
      expect(formatAddress(parseAddress(text))).toBe(text);
    }
  });

  it('takes host and port as two words', () => {
    expect(parseEndpoints(['127.0.0.1', '7000', '::1', '7001', 'h:1', '7002'])).toEqual([
      at('127.0.0.1', 7000),
      at('::1', 7001),
      at('h', 1),
      at('127.0.0.1', 7002),
    ]);
    expect(takeEndpoint(['127.0.0.1', '7000', 'get', 'x']).rest).toEqual(['get', 'x']);
    expect(takeEndpoint(['7000', '7001']).rest).toEqual(['7001']);
  });

  it('reads redis:// URLs with user and password', () => {
    expect(parseEndpoint('redis://bob:p%40ss@h:7000/0')).toEqual({
      host: 'h',
      port: 7000,
      credentials: { username: 'bob', password: 'p@ss' },
      tls: false,
    });
    expect(parseEndpoint('redis://:secret@[::1]')).toEqual({
      host: '::1',
      port: 6379,
      credentials: { username: undefined, password: 'secret' },
      tls: false,
    });
    expect(parseEndpoint('redis://secret@h:1').credentials).toEqual({
      username: undefined,
      password: 'secret',
    });
    expect(parseEndpoint('redis://h:1').credentials).toBeUndefined();
  });

  it.each(['rediss://bob:x@[fe80::1]:7000/0', 'valkeys://bob:x@[fe80::1]:7000'])(
    'reads %s as TLS',
    (text) => {
      const credentials = { username: 'bob', password: 'x' };
      expect(parseEndpoint(text)).toEqual({ host: 'fe80::1', port: 7000, credentials, tls: true });
    },
  );

  it.each(['https://:hunter2@h:1', 'redis://:hunter2@h:port', 'bob:hunter2@h:7000', 'http://hunter2@h'])(
    'never repeats a password: %s',
    (text) => {
      const attempt = (): unknown => parseEndpoint(text);
      expect(attempt).toThrow();
      expect(attempt).not.toThrow(/hunter2/);
    },
  );
});
