import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeStartError, type RunningNode, startNode } from '../../../src/node/node.ts';
import { bulk } from '../../../src/protocol/resp/encode.ts';
import { until } from '../../helpers/servers.ts';
import { TextSocket } from '../../helpers/text-socket.ts';

const OK = '+OK\r\n';
const allRights = 'on nopass ~* &* +@all';

describe('users of a running node', () => {
  let dir: string;
  let node: RunningNode | undefined;
  let log: string[];
  const clients: TextSocket[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-acl-'));
    log = [];
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await node?.close();
    node = undefined;
    rmSync(dir, { recursive: true, force: true });
  });

  /** A running one ends first. */
  const start = async (argv: readonly string[] = []): Promise<TextSocket> => {
    await node?.close();
    node = await startNode({
      argv: [...argv, '--dir', dir, '--bind', '127.0.0.1', '--save', ''],
      anyPort: true,
      log: (line) => log.push(line),
    });
    return open();
  };
  const open = async (): Promise<TextSocket> => {
    const client = await TextSocket.open(node?.port ?? 0);
    clients.push(client);
    return client;
  };
  const users = (): string[] => node?.parts.acl.lines() ?? [];

  it('lose their connections with their name, the one that says so after its reply', async () => {
    const admin = await start();
    await admin.expect('ACL SETUSER ann on nopass +@all\r\n', OK);
    const [ann, other, self] = [await open(), await open(), await open()];
    for (const client of [ann, self]) await client.expect('AUTH ann x\r\n', OK);
    await self.expect('ACL DELUSER ann\r\nPING\r\n', ':1\r\n');
    await ann.untilClosed();
    await self.untilClosed();
    expect(self.received).toBe('');
    await other.expect('PING\r\n', '+PONG\r\n');
  });

  it('lose their subscriptions with the right to them', async () => {
    const admin = await start();
    await admin.expect('ACL SETUSER ann on nopass +@all &n* &m\r\n', OK);
    const [n, m, pattern] = [await open(), await open(), await open()];
    for (const client of [n, m, pattern]) await client.expect('AUTH ann x\r\n', OK);
    n.send('SUBSCRIBE n1\r\n');
    await n.take(27);
    m.send('SUBSCRIBE m\r\n');
    await m.take(26);
    pattern.send('PSUBSCRIBE n*\r\n');
    await pattern.take(29);
    await admin.expect('ACL SETUSER ann resetchannels &n1 &x\r\n', OK);
    await m.untilClosed();
    await pattern.untilClosed();
    await admin.expect('PUBLISH n1 hello\r\n', ':1\r\n');
    expect(n.closed).toBe(false);
    await admin.expect('ACL SETUSER ann allchannels\r\n', OK);
    await admin.expect('PUBLISH n1 hello\r\n', ':1\r\n');
  });

  it('are killed and listed by name', async () => {
    const admin = await start();
    await admin.expect('ACL SETUSER ann on nopass +@all\r\n', OK);
    const ann = await open();
    await ann.expect('AUTH ann x\r\n', OK);
    const names = [...(node?.parts.clients.all() ?? [])].map(({ user }) => user.name);
    expect(names.sort()).toEqual(['ann', 'default']);
    await admin.expect('CLIENT KILL USER ann\r\n', ':1\r\n');
    await ann.untilClosed();
  });

  it('become the default user by RESET, who may have to say a password', async () => {
    const client = await start(['--requirepass', 'secret']);
    await client.expect('PING\r\n', '-NOAUTH Authentication required.\r\n');
    await client.expect('AUTH secret\r\n', OK);
    await client.expect('ACL WHOAMI\r\n', bulk('default'));
    await client.expect('RESET\r\n', '+RESET\r\n');
    await client.expect('PING\r\n', '-NOAUTH Authentication required.\r\n');
    await client.expect('AUTH secret\r\nACL SETUSER default off\r\n', OK + OK);
    const late = await open();
    await late.expect(
      'AUTH secret\r\n',
      '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
    );
    await client.expect('PING\r\n', '+PONG\r\n');
  });

  it('leave what they were refused in the log, the same together', async () => {
    const admin = await start();
    await admin.expect('ACL SETUSER ann on >pass +get +eval +multi ~a\r\n', OK);
    const ann = await open();
    await ann.expect('AUTH ann pass\r\n', OK);
    ann.send(
      "SET a 1\r\nSET a 1\r\nGET b\r\nEVAL \"return redis.call('set','a',1)\" 0\r\nMULTI\r\nGET b\r\nAUTH ann wrong\r\n",
    );
    const entries = () => node?.parts.acl.log.latest(20) ?? [];
    await ann.take(400);
    expect(
      entries().map(({ count, reason, context, object, username }) => ({
        count,
        reason,
        context,
        object,
        username,
      })),
    ).toEqual([
      { count: 1, reason: 'key', context: 'multi', object: 'b', username: 'ann' },
      { count: 1, reason: 'command', context: 'lua', object: 'set', username: 'ann' },
      { count: 1, reason: 'key', context: 'toplevel', object: 'b', username: 'ann' },
      { count: 2, reason: 'command', context: 'toplevel', object: 'set', username: 'ann' },
    ]);
    expect(entries()[0]?.clientInfo).toContain(' user=ann ');
    await admin.expect(
      'AUTH ann wrong\r\n',
      '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
    );
    expect(entries()[0]).toMatchObject({ reason: 'auth', object: 'AUTH', username: 'ann' });
    await admin.expect('CONFIG SET acllog-max-len 2\r\n', OK);
    await admin.expect(
      'AUTH none wrong\r\n',
      '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
    );
    expect(entries()).toHaveLength(2);
  });

  it('have their passwords in no log', async () => {
    const admin = await start(['--slowlog-log-slower-than', '0']);
    const monitor = await open();
    await monitor.expect('MONITOR\r\n', OK);
    await admin.expect('ACL SETUSER ann on >sesame <sesame >sesame\r\n', OK);
    await admin.expect('AUTH ann sesame\r\nAUTH default sesame\r\nHELLO 2 AUTH ann sesame\r\n', `${OK}${OK}`);
    admin.send(
      'AUTH default x\r\nCONFIG SET requirepass sesame\r\nACL LOG\r\nSLOWLOG GET 20\r\nPING the-end\r\n',
    );
    await until(() => Promise.resolve(admin.received.includes('the-end')), 'the last reply');
    const slow = node?.parts.server.slowLog.entries ?? [];
    expect(slow.length).toBeGreaterThan(3);
    expect(JSON.stringify(slow)).not.toContain('sesame');
    expect(admin.received + monitor.received + log.join('')).not.toContain('sesame');
  });

  describe('in a file', () => {
    const file = (): string => join(dir, 'users.acl');

    it('are read at the start, saved in one step, and loaded again', async () => {
      writeFileSync(file(), `user default ${allRights}\nuser ann on >one ~a* +@all -config\n`);
      const admin = await start(['--aclfile', 'users.acl']);
      await admin.expect('ACL SETUSER ben on nopass +get\r\nACL SAVE\r\n', OK + OK);
      expect(readdirSync(dir)).toEqual(['users.acl']);
      const saved = readFileSync(file(), 'latin1');
      expect(saved).toBe(
        users()
          .map((line) => `${line}\n`)
          .join(''),
      );
      expect(saved).toMatch(/^user ann on #[0-9a-f]{64} ~a\* resetchannels \+@all -config\n/);
      const ben = await open();
      await ben.expect('AUTH ben x\r\n', OK);
      writeFileSync(file(), saved.replace(/user ben.*\n/, 'user cleo on\n'));
      await admin.expect('ACL LOAD\r\n', OK);
      await ben.untilClosed();
      expect(users().map((line) => line.split(' ')[1])).toEqual(['ann', 'cleo', 'default']);
    });

    it('stay as they are when the file is wrong, and keep a node from starting', async () => {
      writeFileSync(file(), 'user ann on >one\n');
      const admin = await start(['--aclfile', 'users.acl']);
      const before = users();
      expect(before).toContain(`user default ${allRights}`);
      writeFileSync(file(), 'user ben on\nuser cleo +nosuch\n');
      await admin.expect(
        'ACL LOAD\r\n',
        "-ERR users.acl:2: Error in applying operation '+nosuch': Unknown command or category name in ACL. " +
          'WARNING: ACL errors detected, no change to the previously active ACL rules was performed\r\n',
      );
      expect(users()).toEqual(before);
      await expect(start(['--aclfile', 'users.acl'])).rejects.toThrow(NodeStartError);
      await expect(start(['--aclfile', 'none.acl'])).rejects.toThrow(/opening file 'none.acl': No such file/);
      await expect(start(['--aclfile', 'users.acl', '--user', 'ann'])).rejects.toThrow(/but not both/);
    });
  });

  it('stand in redis.conf, and CONFIG REWRITE keeps them there', async () => {
    const conf = join(dir, 'redis.conf');
    writeFileSync(conf, `user default ${allRights} -flushdb\nuser ann on >one ~x +get (+set ~y)\n`);
    const admin = await start([conf]);
    await admin.expect(
      'FLUSHDB\r\n',
      "-NOPERM this user has no permissions to run the 'flushdb' command\r\n",
    );
    await admin.expect(
      'ACL SETUSER ben on nopass\r\nACL DELUSER ann\r\nCONFIG REWRITE\r\n',
      `${OK}:1\r\n${OK}`,
    );
    const before = users();
    expect(readFileSync(conf, 'latin1').match(/^user .*$/gm)).toEqual(before);
    await start([conf]);
    expect(users()).toEqual(before);
    await expect(start(['--user', 'ann', '+nosuch'])).rejects.toThrow('Critical error while loading ACLs');
  });
});
