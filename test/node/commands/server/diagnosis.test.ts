import { describe, expect, it } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const scripts: Record<string, readonly Command[]> = {
  LOLWUT: [
    'LOLWUT',
    'LOLWUT 5 6',
    'LOLWUT VERSION',
    'LOLWUT VERSION x',
    'LOLWUT version 7',
    'LOLWUT VERSION 8 x y',
  ],
  MODULE: [
    'MODULE LIST',
    'MODULE LIST x',
    'MODULE HELP',
    'MODULE LOAD /nowhere/module.so',
    'MODULE LOADEX /nowhere/module.so CONFIG a b',
    'MODULE UNLOAD nothing',
    'MODULE FOO',
    'MODULE',
  ],
  MEMORY: [
    'MEMORY HELP',
    'MEMORY PURGE',
    'MEMORY PURGE x',
    'MEMORY DOCTOR x',
    'MEMORY STATS x',
    'MEMORY MALLOC-STATS x',
    'MEMORY FOO',
  ],
};

describe.skipIf(skipWithoutRedisServer)(
  `what tells of the server itself, beside redis-server${redisServerNote}`,
  () => {
    const pair = usePair();
    itAnswersAlike(pair, scripts);

    it('MEMORY STATS has fields of redis-server, and counts keys', async () => {
      await pair().reset();
      const { redis, node } = await pair().run([
        'MSET a 1 b 2 c 3',
        'MEMORY STATS',
        'MEMORY DOCTOR',
        'MEMORY MALLOC-STATS',
      ]);
      const names = (reply: string | undefined): string[] =>
        Array.from((reply ?? '').matchAll(/^([a-z]+[.-]?[a-z.-]+)\r$/gm), ([, name]) => name ?? '');
      expect(names(redis[1])).toEqual(expect.arrayContaining(names(node[1])));
      expect(names(node[1]).length).toBeGreaterThan(10);
      expect(node[1]).toContain('\r\nkeys.count\r\n:3\r\n');
      expect(node[2]).toMatch(/^\$\d+\r\n\S/);
      expect(node[3]).toMatch(/old_space: size \d+/);
    });
  },
);

describe.skipIf(skipWithoutRedisServer)(`modules that may be loaded${redisServerNote}`, () => {
  const pair = usePair({ directives: ['--enable-module-command', 'local'] });
  itAnswersAlike(pair, {
    'still are none': [
      'MODULE LOAD /nowhere/module.so',
      'MODULE LOADEX /nowhere/module.so',
      'MODULE UNLOAD x',
      'MODULE LIST',
    ],
  });
});
