import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, parseCommandLine } from '../../../src/node/config/load.ts';
import { ConfigStore } from '../../../src/node/config/store.ts';

describe('reading redis.conf and the command line', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-config-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const write = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text, 'latin1');
    return path;
  };
  const load = (argv: readonly string[], stdin = ''): ConfigStore => {
    const store = new ConfigStore();
    loadConfig(parseCommandLine(argv), store, () => stdin);
    return store;
  };
  const report = (argv: readonly string[]): string => {
    try {
      load(argv);
    } catch (error) {
      if (error instanceof ConfigError) return error.report;
      throw error;
    }
    return 'taken';
  };

  it('reads comments, quotes, units, aliases and any case', () => {
    const path = write(
      'a.conf',
      [
        '# a comment',
        '',
        '  PORT 7001  ',
        'maxmemory 1gb',
        'slave-priority 5',
        'requirepass "a b\\x41\\""',
        "dbfilename 'x y.rdb'",
        'repl-backlog-size 1k',
        'unixsocketperm 700',
        'maxmemory-clients 5%',
        'save 1 2',
        'save 3 4 5 6',
        'client-output-buffer-limit pubsub 1mb 2mb 3',
        'lua-replicate-commands yes',
        'notify-keyspace-events Ex\r',
      ].join('\n'),
    );
    const store = load([path]);
    expect(store.number('port')).toBe(7001);
    expect(store.number('maxmemory')).toBe(2 ** 30);
    expect(store.number('replica-priority')).toBe(5);
    expect(store.text('requirepass')).toBe('a bA"');
    expect(store.text('dbfilename')).toBe('x y.rdb');
    expect(store.number('repl-backlog-size')).toBe(1000);
    expect(store.text('unixsocketperm')).toBe('700');
    expect(store.text('maxmemory-clients')).toBe('5%');
    expect(store.text('save')).toBe('1 2 3 4 5 6');
    expect(store.text('client-output-buffer-limit')).toBe(
      'normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 2097152 3',
    );
    expect(store.text('notify-keyspace-events')).toBe('xE');
    expect(store.file).toBe(path);
    expect(store.wasGiven('port')).toBe(true);
    expect(store.wasGiven('timeout')).toBe(false);
  });

  it('lets the command line win over standard input, and that over the file', () => {
    const path = write('b.conf', 'port 1\ntimeout 1\ntcp-keepalive 1\n');
    const store = load([path, '--port', '3', '-'], 'port 2\ntimeout 2\n');
    expect([store.number('port'), store.number('timeout'), store.number('tcp-keepalive')]).toEqual([3, 2, 1]);
  });

  it.each([
    [['--port', '7000', '--cluster-enabled', 'yes'], 'port "7000" \ncluster-enabled "yes" '],
    [['--port 7000', '--timeout 1'], 'port 7000 \ntimeout 1 '],
    [['--save', ''], 'save "" '],
    [['--save', '--port', '1'], 'save ""\nport "1" '],
    [['--port', '1', '--save'], 'port "1" \nsave ""'],
    [['--save', '1', '2', '3', '4'], 'save "1" "2" "3" "4" '],
    [['--logfile', '--x'], 'logfile "--x" '],
    [['--bind', '127.0.0.1', '::1'], 'bind "127.0.0.1" "::1" '],
    [['--requirepass', 'sp ace"'], 'requirepass "sp ace\\"" '],
  ])('takes %j as lines of redis.conf', (argv, options) => {
    expect(parseCommandLine(argv)).toEqual({ file: undefined, stdin: false, options });
  });

  it('knows the file by standing first, and standard input by a dash at either end', () => {
    expect(parseCommandLine(['x.conf', '--port', '1'])).toMatchObject({ file: 'x.conf', stdin: false });
    expect(parseCommandLine(['-'])).toMatchObject({ file: undefined, stdin: true });
    expect(parseCommandLine(['x.conf', '-'])).toMatchObject({ file: 'x.conf', stdin: true });
    expect(parseCommandLine([])).toEqual({ file: undefined, stdin: false, options: '' });
  });

  it('keeps the default of save when nothing is said, and takes "" as none', () => {
    expect(load([]).text('save')).toBe('3600 1 300 100 60 10000');
    expect(load(['--save', '']).text('save')).toBe('');
    expect(load([write('s.conf', 'save ""\nsave 1 1\n')]).text('save')).toBe('1 1');
    expect(load([write('s2.conf', 'save 1 1\nsave ""\n')]).text('save')).toBe('');
    expect(load(['--save', '900 1 300 10']).text('save')).toBe('900 1 300 10');
  });

  it('includes files, and all that a pattern matches', () => {
    write('inc-1.inc', 'timeout 11\n');
    write('inc-2.inc', 'tcp-keepalive 12\n');
    const store = load([
      write('c.conf', `include ${join(dir, 'inc-*.inc')}\ninclude ${join(dir, 'none-*')}\nport 1\n`),
    ]);
    expect([store.number('timeout'), store.number('tcp-keepalive')]).toEqual([11, 12]);
    expect(report([write('d.conf', `include ${join(dir, 'missing.conf')}\n`)])).toMatch(
      /^Fatal error, can't open config file '.*missing\.conf': No such file or directory\n$/,
    );
    const loop = join(dir, 'loop.conf');
    expect(report([write('loop.conf', `include ${loop}\n`)])).toContain('Includes go too deep');
  });

  it.each([
    ['none 1', 'Bad directive or wrong number of arguments'],
    ['port', 'wrong number of arguments'],
    ['port 1 2', 'wrong number of arguments'],
    ['port x', "argument couldn't be parsed into an integer"],
    ['port 65536', 'argument must be between 0 and 65535 inclusive'],
    ['maxmemory 1tb', 'argument must be a memory value'],
    ['daemonize maybe', "argument must be 'yes' or 'no'"],
    ['loglevel loud', 'argument(s) must be one of the following: debug, verbose, notice, warning'],
    ['port "1', 'Unbalanced quotes in configuration line'],
    ['save 1', 'Invalid save parameters'],
    ['dir /no/such/folder', 'No such file or directory'],
    ['unixsocketperm 9', "argument couldn't be parsed as an octal number"],
    ['replicaof one 99999', 'Invalid master port'],
    ['loadmodule /x.so', 'This node loads no modules'],
    ['sentinel monitor a b 1 1', 'sentinel directive while not in sentinel mode'],
  ])('refuses %j', (line, message) => {
    const path = write('wrong.conf', `timeout 1\n\n${line}\n`);
    expect(report([path])).toBe(
      `\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 3\n>>> '${line}'\n${message}\n`,
    );
  });

  it('takes lines of users, and refuses what no user can be', () => {
    const line = (...rules: string[]): string[] => ['--user', 'alice', ...rules];
    expect(report(line('on', 'nopass', '~cached:*', '(+get', '~x)', '+no-such-command'))).toBe('taken');
    expect(report([...line('on'), ...line('off')])).toContain(
      "Error in user declaration 'alice': Duplicate user found. A user can only be defined once in config files",
    );
    expect(report(line('%X~*'))).toContain("Error in user declaration 'alice': Syntax error");
    expect(report(line('(+get'))).toContain("Error in user declaration '(+get': Unmatched parenthesis");
  });

  it('never shows a password', () => {
    expect(report(['--requirepass', 'secret', 'words'])).toContain("requirepass (the value is not shown)'");
    expect(report(['--requirepass', 'secret', 'words'])).not.toContain('secret');
    const wrong = report(['--user', 'alice', 'on', '>secret', '<secrets']);
    expect(wrong).toMatch(
      /user \(the value is not shown\)'\nError in user declaration 'alice': The password/,
    );
    expect(wrong).not.toContain('secret');
  });

  it.each([
    [
      ['--cluster-enabled', 'yes', '--replicaof', 'a', '1'],
      'replicaof directive not allowed in cluster mode',
    ],
  ])('refuses %j together', (argv, message) => {
    expect(report(argv)).toContain(message);
  });

  it('takes every directive of the configuration that tests of Redis start with', () => {
    const lines = [
      'always-show-logo yes',
      'notify-keyspace-events KEA',
      'daemonize no',
      'pidfile /var/run/redis.pid',
      'port 6379',
      'timeout 0',
      'bind 127.0.0.1',
      'loglevel verbose',
      "logfile ''",
      'databases 16',
      'latency-monitor-threshold 1',
      'repl-diskless-sync-delay 0',
      'save 900 1',
      'rdbcompression yes',
      'dbfilename dump.rdb',
      'dir ./',
      'slave-serve-stale-data yes',
      'appendonly no',
      'appendfsync everysec',
      'no-appendfsync-on-rewrite no',
      'activerehashing yes',
      'enable-protected-configs yes',
      'enable-debug-command yes',
      'enable-module-command yes',
      'propagation-error-behavior panic',
    ];
    expect(load([write('default.conf', lines.join('\n'))]).text('save')).toBe('900 1');
  });
});
