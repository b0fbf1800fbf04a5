/** Commands that no family has scripts for: what ends a conversation, what is for other servers, and a cluster of one. */
import { describe, expect, it } from 'vitest';
import { allRows } from '../../../src/node/commands/rows.ts';
import { itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

describe.skipIf(skipWithoutRedisServer)(`short replies${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, {
    'the end of a conversation': ['SET k 1', 'QUIT'],
    'the end within a transaction': ['MULTI', 'SET k 1', 'QUIT'],
    'what is for replicas': [
      'SLAVEOF NO ONE',
      'SLAVEOF a',
      'SLAVEOF a b',
      'SLAVEOF 127.0.0.1 99999999999',
      'REPLCONF',
      'REPLCONF capa eof capa psync2',
      'REPLCONF listening-port x',
      'REPLCONF ip-address',
      'REPLCONF nosuch x',
    ],
    'what is for clusters': [
      'ASKING',
      'READONLY',
      'READWRITE',
      'CLUSTER INFO',
      'CLUSTER NOSUCH',
      'RESTORE-ASKING k 0 x',
      'SET k 1',
      'RESTORE-ASKING k 0 x REPLACE',
    ],
    'scripts that are not known': [
      `EVALSHA_RO ${'0'.repeat(40)} 0`,
      'EVALSHA_RO x 0',
      `EVALSHA_RO ${'0'.repeat(40)} 1`,
      ['EVAL', 'return 7', 0],
      'EVALSHA_RO b23a7c3c0ed9ec87cbac6ef3dcb4cd5bdf1d4e1c 0',
    ],
    'the wrong number of words': [
      'CLIENT INFO x',
      'SYNC x',
      'CLUSTER FAILOVER',
      'PSYNC a',
      'WAIT 1',
      'BGSAVE x',
    ],
  });

  it('SCRIPT DEBUG can be left off', async () => {
    await pair().same('SCRIPT DEBUG NO');
    await pair().same('SCRIPT DEBUG MAYBE');
    await pair().same('SCRIPT DEBUG', 'SCRIPT DEBUG NO x');
  });

  it('HELP of every container names the same subcommands', async () => {
    const containers = allRows.filter(({ subcommands }) => subcommands?.some(({ name }) => name === 'help'));
    const { redis, node } = await pair().run([
      ...containers.map(({ name }) => [name, 'HELP']),
      'XGROUP HELP',
      'XINFO HELP',
    ]);
    // What is indented explains, in words of each server's own.
    const usages = (replies: string[]): string[] =>
      replies.map((reply) => reply.replaceAll(/^(?:\+ .*|\*\d+)\r\n/gm, ''));
    expect(usages(node)).toEqual(usages(redis));
    expect(containers.length).toBeGreaterThan(10);
  });

  it('CLIENT INFO has the same fields', async () => {
    const { redis, node } = await pair().run(['CLIENT INFO']);
    const names = (reply = ''): string[] => [...reply.matchAll(/([\w-]+)=/g)].map(([, name = '']) => name);
    expect(names(node[0])).toEqual(names(redis[0]));
    expect(names(node[0]).length).toBeGreaterThan(20);
  });
});

describe.skipIf(skipWithoutRedisServer)(`a cluster of one node${redisServerNote}`, () => {
  itAnswersAlike(usePair({ directives: ['--cluster-enabled', 'yes'] }), {
    'before it has slots': [
      'CLUSTER INFO',
      'CLUSTER FAILOVER',
      'CLUSTER FAILOVER FORCE',
      'CLUSTER FAILOVER x',
      'GET k',
    ],
  });
});
