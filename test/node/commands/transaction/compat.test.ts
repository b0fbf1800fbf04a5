import { describe } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const scripts: Record<string, readonly Command[]> = {
  'a transaction': ['MULTI', 'SET a 1', 'INCR a', 'GET a', 'GET none', 'EXEC', 'GET a'],
  'an empty one': ['MULTI', 'EXEC'],
  discarded: ['MULTI', 'SET a 1', 'DISCARD', 'GET a'],
  'out of place': ['EXEC', 'DISCARD', 'MULTI', 'MULTI', 'WATCH a', 'UNWATCH', 'EXEC', 'UNWATCH'],
  'an error while queueing': ['MULTI', 'SET a', 'SET a 1', 'EXEC', 'GET a', 'MULTI', 'NONE', 'EXEC', 'EXEC'],
  'a nested MULTI does not break it': ['MULTI', 'SET a 1', 'MULTI', 'EXEC', 'GET a'],
  'an error while running': ['SET a x', 'MULTI', 'INCR a', 'SET b 1', 'EXEC', 'GET b'],
  'arity of EXEC inside': ['MULTI', 'SET a 1', 'EXEC x', 'GET a', 'EXEC'],
  'a watched key changed by its own client': [
    'SET a 1',
    'WATCH a',
    'SET a 2',
    'MULTI',
    'GET a',
    'EXEC',
    'GET a',
  ],
  'a watched key untouched': ['SET a 1', 'WATCH a b', 'GET a', 'MULTI', 'GET a', 'EXEC'],
  'a watched key deleted': ['SET a 1', 'WATCH a', 'DEL a', 'MULTI', 'PING', 'EXEC'],
  'a watched key that is not there': [
    'WATCH a',
    'DEL a',
    'MULTI',
    'PING',
    'EXEC',
    'WATCH a',
    'SET a 1',
    'MULTI',
    'PING',
    'EXEC',
  ],
  unwatched: ['WATCH a', 'SET a 1', 'UNWATCH', 'MULTI', 'PING', 'EXEC'],
  'EXPIRE counts as a change': ['SET a 1', 'WATCH a', 'EXPIRE a 100', 'MULTI', 'PING', 'EXEC'],
  'FLUSHALL with the key': ['SET a 1', 'WATCH a', 'FLUSHALL', 'MULTI', 'PING', 'EXEC'],
  'FLUSHALL without the key': ['SET b 1', 'WATCH a', 'FLUSHALL', 'MULTI', 'PING', 'EXEC'],
  'FLUSHDB of another database': [
    'SET a 1',
    'WATCH a',
    'SELECT 5',
    'FLUSHDB',
    'MULTI',
    'PING',
    'EXEC',
    'SELECT 0',
  ],
  'the same key of another database': [
    'WATCH a',
    'SELECT 5',
    'SET a 1',
    'MULTI',
    'PING',
    'EXEC',
    'DEL a',
    'SELECT 0',
  ],
  'RENAME onto a watched key': ['SET a 1', 'SET b 2', 'WATCH b', 'RENAME a b', 'MULTI', 'PING', 'EXEC'],
  'SELECT inside': [
    'MULTI',
    'SELECT 3',
    'SET a 1',
    'SELECT 0',
    'EXEC',
    'SELECT 3',
    'GET a',
    'DEL a',
    'SELECT 0',
  ],
  'not allowed inside': ['MULTI', 'SHUTDOWN NOSAVE', 'EXEC'],
  'HELLO inside': ['MULTI', 'CLIENT GETNAME', 'PING', 'EXEC'],
};

describe.skipIf(skipWithoutRedisServer)(`transactions beside redis-server${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, scripts);
});
