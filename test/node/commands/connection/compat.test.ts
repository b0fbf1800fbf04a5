import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import { type Command, type Pair, startPair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const scripts: Record<string, readonly Command[]> = {
  'PING and ECHO': [
    'PING',
    'ping',
    'PiNg',
    'PING text',
    'PING a b',
    'ECHO text',
    'ECHO',
    ['ECHO', '\x00\xff\r\n'],
  ],
  SELECT: [
    'SELECT 3',
    'SELECT 16',
    'SELECT -1',
    'SELECT x',
    'SELECT 99999999999',
    'SELECT',
    'SET a 1',
    'SELECT 0',
    'GET a',
  ],
  'AUTH without a password': ['AUTH x', 'AUTH default x', 'AUTH someone x', 'AUTH a b c', 'AUTH'],
  'HELLO refused': [
    'HELLO x',
    'HELLO 4',
    'HELLO 1',
    'HELLO 3 NONE',
    'HELLO 3 AUTH a',
    'HELLO 2 AUTH a b',
    'HELLO 3 SETNAME',
  ],
  'names of connections': [
    'CLIENT GETNAME',
    ['CLIENT', 'SETNAME', 'a b'],
    ['CLIENT', 'SETNAME', 'a\n'],
    ['CLIENT', 'SETNAME', 'h\xe9'],
    'CLIENT SETNAME name',
    'CLIENT GETNAME',
    ['CLIENT', 'SETNAME', ''],
    'CLIENT GETNAME',
    'HELLO 3 SETNAME x AUTH a b',
    'CLIENT GETNAME',
  ],
  'CLIENT refused': [
    'CLIENT',
    'CLIENT NONE',
    'CLIENT ID x',
    'CLIENT REPLY x',
    'CLIENT REPLY',
    'CLIENT NO-EVICT x',
    'CLIENT NO-EVICT on',
    'CLIENT NO-EVICT off',
    'CLIENT LIST x',
    'CLIENT LIST TYPE x',
    'CLIENT LIST ID',
    'CLIENT LIST ID x',
    'CLIENT LIST ID 99999',
    'CLIENT PAUSE x',
    'CLIENT PAUSE -1',
    'CLIENT PAUSE 10 x',
    'CLIENT PAUSE 1 WRITE x',
    'CLIENT UNPAUSE',
    'CLIENT UNBLOCK x',
    'CLIENT UNBLOCK 99999',
    'CLIENT UNBLOCK 99999 x',
    'CLIENT UNBLOCK 99999 ERROR',
    'CLIENT GETREDIR',
    'CLIENT TRACKINGINFO',
  ],
  'CLIENT KILL refused': [
    'CLIENT KILL',
    'CLIENT KILL 1.2.3.4:5',
    'CLIENT KILL ID x',
    'CLIENT KILL ID 0',
    'CLIENT KILL ID 99999',
    'CLIENT KILL ID 99999 TYPE normal',
    'CLIENT KILL TYPE x SKIPME yes',
    'CLIENT KILL USER none SKIPME yes',
    'CLIENT KILL TYPE normal SKIPME x',
    'CLIENT KILL ADDR 1.2.3.4:5 LADDR',
    'CLIENT KILL TYPE pubsub',
  ],
  RESET: [
    'SELECT 4',
    'CLIENT SETNAME x',
    'MULTI',
    'SET a 1',
    'RESET',
    'CLIENT GETNAME',
    'EXEC',
    'SET b 1',
    'SELECT 0',
    'GET b',
    'RESET x',
  ],
  'CLIENT REPLY': [
    // Only what is answered can be compared.
    'CLIENT REPLY ON',
  ],
  'unknown commands': [
    'NONE',
    'none a b c',
    ['NONE', 'x'.repeat(300), 'y'],
    ['NO\r\nNE', 'a\nb'],
    ['x'.repeat(200)],
    ['NONE', ...Array.from({ length: 60 }, (_, i) => `arg${i}`)],
    ['CLIENT', 'x'.repeat(200)],
    'config|get x',
  ],
};

describe.skipIf(skipWithoutRedisServer)(`connection commands beside redis-server${redisServerNote}`, () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair.stop());

  describe.each([2, 3] as const)('RESP%i', (resp) => {
    beforeEach(() => pair.reset(resp));
    it.each(Object.entries(scripts))('%s', async (_name, script) => {
      await pair.same(...script);
    });
  });
});
