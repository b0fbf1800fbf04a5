import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { type LiveCluster, startCluster } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { type Ran, trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';

const password = 'hunter2-is-secret';
const userPassword = 'bobs-own-secret';

describe.skipIf(skipWithoutRedisServer)(`a cluster with passwords${redisServerNote}`, () => {
  let live: LiveCluster;
  let first: string;
  beforeAll(async () => {
    live = await startCluster(3, {
      password,
      directives: [
        ['requirepass', password],
        ['masterauth', password],
      ],
    });
    first = live.addresses[0] ?? '';
    for (const port of live.ports) {
      const connection = await RawConnection.open(port);
      await connection.text('AUTH', password);
      await connection.text('ACL', 'SETUSER', 'bob', 'on', `>${userPassword}`, '~*', '&*', '+@all');
      await connection.text('ACL', 'SETUSER', 'eve', 'on', `>${userPassword}`, '~*', '+ping');
      if (port === live.ports[0]) for (const key of keys) await connection.text('SET', key, 'value');
      connection.close();
    }
  });
  afterAll(() => live?.stop());

  // Tags whose slots are among the first of the first master.
  const keys = Array.from({ length: 200_000 }, (_, index) => `{${index}}`).filter((key) => keySlot(key) < 10);

  const checked = (ran: Ran): Ran => {
    for (const text of [ran.stdout, ran.stderr]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(userPassword);
      expect(text).not.toMatch(/\n\s+at /);
    }
    return ran;
  };

  it.each<[string, string[], Record<string, string>]>([
    ['-a', ['-a', password], {}],
    ['--pass', [`--pass=${password}`], {}],
    ['the environment', [], { REDISCLI_AUTH: password }],
    ['user and password', ['--user', 'bob', '-a', userPassword], {}],
  ])('is opened with %s', async (_, words, env) => {
    const ran = checked(await trib(['check', first, ...words], { env }));
    expect([ran.code, ran.stderr]).toEqual([0, '']);
  });

  it('is opened with the password in the address', async () => {
    expect(checked(await trib(['check', `redis://:${password}@${first}`])).code).toBe(0);
    expect(checked(await trib(['check', `redis://bob:${userPassword}@${first}`])).code).toBe(0);
  });

  it.each<[string, string[]]>([
    ['no password', []],
    ['a wrong password', ['-a', 'wrong']],
    ['a user that is not there', ['--user', 'nobody', '-a', userPassword]],
    ['a user that may not', ['--user', 'eve', '-a', userPassword]],
  ])('is refused with %s: exit code 4, and what to do', async (_, words) => {
    const ran = checked(await trib(['check', first, ...words]));
    expect([ran.code, ran.stdout]).toEqual([4, '']);
    expect(ran.stderr).toMatch(/REDISCLI_AUTH|password/);
    const json = checked(await trib(['check', first, '--json', ...words]));
    expect([json.code, JSON.parse(json.stdout).error.code]).toEqual([4, 'auth']);
  });

  it.each<[string, string[], string]>([
    ['the default user', ['-a', password], password],
    ['another user', ['--user', 'bob', '-a', userPassword], userPassword],
  ])(
    'lets %s move slots with keys, and no password reaches a plan, an event or a screen',
    async (name, words) => {
      const file = join(live.dirOf(0), `plan of ${name}.json`);
      const [from, to] = name === 'another user' ? [1, 0] : [0, 1];
      const ends = ['--from', live.idOf(from), '--to', live.idOf(to), '--slots', '10'];
      const moved = checked(
        await trib(['reshard', first, ...ends, '--yes', '--events', '--plan', file, ...words]),
      );
      expect(moved.code).toBe(0);
      expect(moved.stdout).toContain(`"slots":10,"keys":${keys.length}`);
      const plan = await readFile(file, 'utf8');
      expect(plan).not.toContain(password);
      expect(plan).not.toContain(userPassword);
    },
  );

  it.each<[string[]]>([
    [['check', 'FIRST', '--pas', password]],
    [['check', 'FIRST', `--passwd=${password}`]],
    [['check', 'FIRST', '-a']],
    [['check', `redis://:${password}@nowhere.invalid:1`]],
    [['check', `rediss://:${password}@127.0.0.1:1`]],
    [['check', `bob:${password}@127.0.0.1:1`]],
    [['create', 'FIRST', '--pas', password]],
    [['reshard', 'FIRST', '--slots', 'x', '-a', password]],
    [['nonsense', '-a', password]],
    [['apply', '/nowhere', '-a', password]],
    [['call', 'FIRST', '-a', password, 'config', 'set', 'masterauth', password]],
    [['call', 'FIRST', '-a', password, 'auth', password]],
  ])('keeps the password off the screen whatever was mistyped: %j', async (words) => {
    const typed = words.map((word) => (word === 'FIRST' ? first : word));
    for (const mode of [[], ['--json'], ['--events']]) {
      const ran = checked(await trib([...typed, ...mode]));
      if (typed[0] !== 'call') expect([2, 3]).toContain(ran.code);
    }
  });

  it('takes a password where none is needed', async () => {
    const open = await startCluster(3);
    try {
      const ran = checked(
        await trib(['check', open.addresses[0] ?? ''], { env: { REDISCLI_AUTH: password } }),
      );
      expect([ran.code, ran.stderr]).toEqual([0, '']);
    } finally {
      await open.stop();
    }
  });
});
