import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type NodeProcess, nodeReady, runNode } from '../helpers/node-process.ts';
import { until } from '../helpers/servers.ts';
import { TextSocket } from '../helpers/text-socket.ts';

describe('bin/trib-node.js', () => {
  let dir: string;
  const children: ChildProcess[] = [];
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-main-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const run = (argv: readonly string[], stdin = ''): NodeProcess => {
    const running = runNode(argv, stdin);
    children.push(running.child);
    return running;
  };
  const socketOf = (name: string): string[] => ['--port', '0', '--unixsocket', join(dir, name), '--dir', dir];

  it('tells its version and its use', async () => {
    const version = run(['--version']);
    expect(await version.ended).toBe(0);
    expect(version.stdout).toContain('v=7.0.15');
    const help = run(['--help']);
    expect(await help.ended).toBe(1);
    expect(help.stderr).toMatch(/^Usage: trib-node/);
  });

  it('logs in the format of Redis, and ends cleanly on SIGTERM', async () => {
    const pidfile = join(dir, 'node.pid');
    const node = run([...socketOf('a'), '--pidfile', pidfile, '--io-threads', '4', '--appendonly', 'yes']);
    await nodeReady(node);
    const { pid } = node.child;
    expect(readFileSync(pidfile, 'utf8')).toBe(`${pid}\n`);
    node.child.kill('SIGTERM');
    expect(await node.ended).toBe(0);
    const lines = node.stdout.trimEnd().split('\n');
    for (const line of lines)
      expect(line).toMatch(
        new RegExp(`^${pid}:M \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d\\.\\d{3} [.*#-] `),
      );
    expect(node.stdout).toMatch(new RegExp(` PID: ${pid}\\n.* # Server initialized\\n`));
    expect(node.stdout).toContain("The directive 'io-threads' has no effect in this node");
    expect(node.stdout).toContain('Saving the final RDB snapshot before exiting.');
    expect(existsSync(join(dir, 'dump.rdb'))).toBe(true);
    expect(node.stdout).toMatch(/Received SIGTERM scheduling shutdown\.\.\.\n.*User requested shutdown/);
    expect(node.stdout.trimEnd()).toMatch(/# Redis is now ready to exit, bye bye\.\.\.$/);
    expect(node.stderr).toBe('');
    expect(existsSync(pidfile)).toBe(false);
    expect(existsSync(join(dir, 'a'))).toBe(false);
  });

  it('ends on SIGINT and on SHUTDOWN', async () => {
    const first = run(socketOf('b'));
    await nodeReady(first);
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);
    const second = run([...socketOf('c'), '--dbfilename', 'folder']);
    await nodeReady(second);
    // A file cannot take the place of a folder.
    mkdirSync(join(dir, 'folder'));
    const client = await TextSocket.open(join(dir, 'c'));
    await client.expect('SHUTDOWN SAVE\r\n', '-ERR Errors trying to SHUTDOWN. Check logs.\r\n');
    await client.expect('PING\r\n', '+PONG\r\n');
    client.send('SHUTDOWN NOSAVE\r\n');
    expect(await second.ended).toBe(0);
    await client.untilClosed();
    expect(client.received).toBe('');
  });

  it('saves before it ends, unless a second SIGINT insists', async () => {
    const own = join(dir, 'saving');
    mkdirSync(own);
    const directives = ['--dir', own, '--rdb-key-save-delay', '500000', '--enable-debug-command', 'yes'];
    const node = run([...socketOf('s'), ...directives]);
    await nodeReady(node);
    const client = await TextSocket.open(join(dir, 's'));
    await client.expect('DEBUG POPULATE 20\r\n', '+OK\r\n');
    client.close();
    node.child.kill('SIGINT');
    await until(() => existsSync(join(own, `temp-${node.child.pid}.rdb`)), 'the last save');
    node.child.kill('SIGINT');
    expect(await node.ended).toBe(1);
    expect(node.stdout).toContain('You insist... exiting now.');
    expect(readdirSync(own).filter((name) => name.endsWith('.rdb'))).toEqual([]);
  });

  it('reads redis.conf, standard input and options, and logs to a file', async () => {
    const path = join(dir, 'redis.conf');
    writeFileSync(path, `dir ${dir}\nport 0\nlogfile node.log\ntimeout 1\ntcp-keepalive 1\nhz 20\n`);
    const socket = join(dir, 'd');
    const node = run([path, '--hz', '30', '-'], `unixsocket ${socket}\ntimeout 2\nhz 25\n`);
    await until(() => existsSync(join(dir, 'node.log')), 'the log');
    await until(
      () => readFileSync(join(dir, 'node.log'), 'utf8').includes(`connections at ${socket}`),
      'the node',
    );
    const client = await TextSocket.open(socket);
    await client.expect('CONFIG GET timeout\r\n', '*2\r\n$7\r\ntimeout\r\n$1\r\n2\r\n');
    await client.expect('CONFIG GET hz\r\n', '*2\r\n$2\r\nhz\r\n$2\r\n30\r\n');
    client.close();
    node.child.kill('SIGTERM');
    expect(await node.ended).toBe(0);
    expect(node.stdout).toBe('');
  });

  it('refuses a wrong directive, an unreadable file and an impossible rename', async () => {
    const wrong = run(['--maxmemory', '5x']);
    expect(await wrong.ended).toBe(1);
    expect(wrong.stderr).toBe(
      '\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 2\n' +
        '>>> \'maxmemory "5x"\'\nargument must be a memory value\n',
    );
    const missing = run([join(dir, 'missing.conf')]);
    expect(await missing.ended).toBe(1);
    expect(missing.stderr).toContain("Fatal error, can't open config file");
    const rename = run(['--rename-command', 'GET', 'SET']);
    expect(await rename.ended).toBe(1);
    expect(rename.stderr).toContain('Target command name already exists');
    const nowhere = run(['--port', '0']);
    expect(await nowhere.ended).toBe(1);
    expect(nowhere.stdout).toContain('Configured to not listen anywhere, exiting.');
  });

  it('says which port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const node = run(['--port', String(port), '--bind', '127.0.0.1']);
    expect(await node.ended).toBe(1);
    expect(node.stdout).toContain(
      `Warning: Could not create server TCP listening socket 127.0.0.1:${port}: bind: Address already in use`,
    );
    expect(node.stdout).toContain(`Failed listening on port ${port} (TCP), aborting.`);
    expect(node.stderr).toBe('');
    server.close();
  });

  it('renames commands', async () => {
    const node = run([
      ...socketOf('e'),
      '--rename-command',
      'FLUSHALL',
      '',
      '--rename-command',
      'get',
      'fetch',
    ]);
    await nodeReady(node);
    const client = await TextSocket.open(join(dir, 'e'));
    await client.expect('FLUSHALL\r\n', "-ERR unknown command 'FLUSHALL', with args beginning with: \r\n");
    await client.expect('GET a\r\n', "-ERR unknown command 'GET', with args beginning with: 'a' \r\n");
    await client.expect('FETCH a\r\n', '$-1\r\n');
    client.close();
  });
});
