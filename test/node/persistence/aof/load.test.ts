import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeStartError, startNode } from '../../../../src/node/node.ts';
import { request } from '../../../../src/protocol/resp/encode.ts';
import { RawConnection } from '../../../helpers/raw-connection.ts';
import { until } from '../../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../../helpers/standalone.ts';

const INCR = 'appendonly.aof.1.incr.aof';

describe('a node that starts with an append only file', () => {
  let dir = '';
  const file = (name: string): string => join(dir, 'appendonlydir', name);

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-aof-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** Files by name, and a manifest of lines "name sequence type". */
  function given(manifest: readonly string[], files: Readonly<Record<string, string>>): void {
    mkdirSync(join(dir, 'appendonlydir'), { recursive: true });
    const lines = manifest.map((line) => line.replace(/^(\S+) (\S+) (\S+)$/, 'file $1 seq $2 type $3\n'));
    writeFileSync(file('appendonly.aof.manifest'), lines.join(''), 'latin1');
    for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text, 'latin1');
  }

  const start = (...directives: string[]): Promise<Standalone> =>
    startStandalone('bundled', ['--dir', dir, '--appendonly', 'yes', ...directives]);

  /** The log of a start that must fail, and its last words. */
  async function failingStart(...directives: string[]): Promise<{ log: string; message: string }> {
    const log: string[] = [];
    const argv = ['--dir', dir, '--bind', '127.0.0.1', '--appendonly', 'yes', ...directives];
    const failure = await startNode({ anyPort: true, argv, log: (line) => log.push(line) }).then(
      async (node) => node.close(),
      (reason: unknown) => reason,
    );
    expect(failure).toBeInstanceOf(NodeStartError);
    expect(log.at(-1)).toContain((failure as Error).message);
    expect(log.join('')).not.toContain('Ready to accept');
    return { log: log.join(''), message: (failure as Error).message };
  }

  it('reads base and increments in order, transactions and databases, and goes on in the last one', async () => {
    given([`appendonly.aof.3.base.aof 3 b`, 'old 1 h', 'one 4 i', 'two 7 i'], {
      'appendonly.aof.3.base.aof': request(['SELECT', '1']) + request(['SET', 'a', '1']),
      one:
        request(['SET', 'a', '5']) +
        request(['MULTI']) +
        request(['INCR', 'a']) +
        request(['INCR', 'a']) +
        request(['EXEC']),
      two: '',
      old: 'no longer of interest',
    });
    const node = await start();
    expect(await node.client.text('GET', 'a')).toBe('7');
    await node.client.text('INCR', 'a');
    const manifest = readFileSync(file('appendonly.aof.manifest'), 'latin1');
    expect(manifest).toBe(
      'file appendonly.aof.3.base.aof seq 3 type b\nfile one seq 4 type i\nfile two seq 7 type i\n',
    );
    await until(() => !existsSync(file('old')), 'the history to go');
    expect(await node.info('total_commands_processed')).not.toBe('0');
    await node.stop();
    expect(readFileSync(file('two'), 'latin1')).toBe(request(['SELECT', '0']) + request(['INCR', 'a']));
    expect(node.log.join('\n')).toMatch(
      /DB loaded from base file appendonly\.aof\.3\.base\.aof: .*DB loaded from incr file one: .*DB loaded from append only file: /s,
    );
    const again = await start();
    expect(await again.client.text('GET', 'a')).toBe('8');
    await again.client.text('SELECT', '1');
    expect(await again.client.text('GET', 'a')).toBe('1');
    await again.stop();
  });

  it('does not load an RDB file beside it, nor instead of it', async () => {
    const before = await startStandalone('bundled', ['--dir', dir]);
    await before.client.text('SET', 'of-the-rdb', '1');
    await before.client.text('SAVE');
    await before.stop();
    const node = await start();
    expect(await node.client.text('DBSIZE')).toBe('0');
    await node.stop();
    expect(existsSync(file('appendonly.aof.1.base.rdb'))).toBe(true);
  });

  const whole = request(['SET', 'a', '1']) + request(['SET', 'b', 'two words']);
  const tail = request(['SET', 'c', '3']);

  it('drops what is cut off at the end, wherever that is', async () => {
    for (let cut = 1; cut < tail.length; cut += 3) {
      given([`${INCR} 1 i`], { [INCR]: whole + tail.slice(0, cut) });
      const node = await start();
      expect(await node.client.text('DBSIZE'), `cut at ${cut}`).toBe('2');
      await node.client.text('SET', 'd', '4');
      await node.stop();
      expect(node.log.join('\n')).toContain(`!!! Truncating the AOF ${INCR} at offset ${whole.length} !!!`);
      expect(node.log.join('\n')).toContain(
        `AOF ${INCR} loaded anyway because aof-load-truncated is enabled`,
      );
      expect(readFileSync(file(INCR), 'latin1')).toBe(
        whole + request(['SELECT', '0']) + request(['SET', 'd', '4']),
      );
    }
  });

  it('drops a transaction that has no end, from its beginning', async () => {
    const open = request(['MULTI']) + request(['SET', 'a', '2']) + request(['SET', 'c', '3']);
    for (const text of [open, open + tail.slice(0, 5)]) {
      given([`${INCR} 1 i`], { [INCR]: whole + text });
      const node = await start();
      expect(await node.client.text('GET', 'a')).toBe('1');
      await node.stop();
      expect(readFileSync(file(INCR), 'latin1')).toBe(whole);
    }
  });

  it('does not start with such files where aof-load-truncated says no, and leaves them as they are', async () => {
    for (const text of [tail.slice(0, 5), request(['MULTI']) + tail]) {
      given([`${INCR} 1 i`], { [INCR]: whole + text });
      const { message } = await failingStart('--aof-load-truncated', 'no');
      expect(message).toContain(`Unexpected end of file reading the append only file ${INCR}. You can: 1)`);
      expect(readFileSync(file(INCR), 'latin1')).toBe(whole + text);
    }
  });

  it('does not start when another file than the last is cut off, and leaves it as it is', async () => {
    given(['one 1 i', 'two 2 i'], { one: whole + tail.slice(0, 9), two: tail });
    const { message } = await failingStart();
    expect(message).toBe('Fatal error: the truncated file is not the last file');
    expect(readFileSync(file('one'), 'latin1')).toBe(whole + tail.slice(0, 9));
  });

  it.each([
    ['!!!', 'Bad file format reading the append only file'],
    ['\0\0\0\0', 'Bad file format reading the append only file'],
    ['*0\r\n', 'Bad file format reading the append only file'],
    ['*1\r\n!4\r\nPING\r\n', 'Bad file format reading the append only file'],
    [request(['BLA', 'x']), "Unknown command 'BLA' reading the append only file"],
  ])('does not start when there is %j in it', async (wrong, sentence) => {
    const text = whole + wrong + tail;
    given([`${INCR} 1 i`], { [INCR]: text });
    expect((await failingStart()).message).toContain(`${sentence} ${INCR}`);
    expect(readFileSync(file(INCR), 'latin1')).toBe(text);
  });

  it('passes notes over, and tells of commands that fail', async () => {
    given([`${INCR} 1 i`], {
      [INCR]: `#TS:1628217470\r\n${whole}#TS:1\r\n${request(['INCR', 'b'])}${request(['GET'])}${tail}#TS:2\r\n`,
    });
    const node = await start();
    expect(await node.client.text('GET', 'c')).toBe('3');
    const complaints = node.log.filter((line) => line.includes('== CRITICAL =='));
    expect(complaints.join('\n')).toMatch(
      /This server is sending an error to its AOF-loading-client: '-ERR value is not an integer or out of range' after processing the command 'incr'.*wrong number of arguments for 'get' command/s,
    );
    await node.stop();
  });

  it.each([
    [['one 1 i', 'one 1 i'], 'Found a non-monotonic sequence number'],
    [['one 1 b', 'two 2 b'], 'Found duplicate base file information'],
    [['one 1 x'], 'Unknown AOF file type'],
    [[], 'Found an empty AOF manifest'],
    [['missing 1 i'], 'Unable to obtain the AOF file missing length. stat: No such file or directory'],
  ])('does not start with the manifest %j', async (manifest, sentence) => {
    given(manifest, { one: whole, two: whole });
    const { log, message } = await failingStart();
    expect(message).toBe(sentence);
    if (!manifest.join().includes('missing')) expect(log).toContain('*** FATAL AOF MANIFEST FILE ERROR ***');
  });

  it('does not start with a base that is a broken RDB, and leaves it as it is', async () => {
    const maker = await start();
    await maker.client.text('SET', 'a', 'x'.repeat(100));
    await maker.client.text('BGREWRITEAOF');
    await until(async () => (await maker.info('aof_rewrite_in_progress')) === '0', 'the end of the rewrite');
    await maker.stop();
    const base = file('appendonly.aof.2.base.rdb');
    const rdb = readFileSync(base);
    const flipped = Buffer.from(rdb);
    flipped.writeUInt8((flipped.at(-12) as number) ^ 1, flipped.length - 12);
    for (const broken of [rdb.subarray(0, -3), flipped]) {
      writeFileSync(base, broken);
      expect((await failingStart()).message).toBe(
        'Error reading the RDB base file appendonly.aof.2.base.rdb, AOF loading aborted',
      );
      expect(readFileSync(base).equals(broken)).toBe(true);
    }
  });

  it('takes over the single file of an older Redis, also when that was interrupted', async () => {
    writeFileSync(join(dir, 'appendonly.aof'), whole);
    const first = await start();
    expect(first.log.join('\n')).toContain(
      'Successfully migrated an old-style AOF file (appendonly.aof) into the AOF directory (appendonlydir).',
    );
    expect(await first.client.text('GET', 'b')).toBe('two words');
    await first.stop();
    expect(existsSync(join(dir, 'appendonly.aof'))).toBe(false);
    rmSync(join(dir, 'appendonlydir'), { recursive: true });
    writeFileSync(join(dir, 'appendonly.aof'), tail);
    given(['appendonly.aof 1 b'], {});
    const second = await start();
    expect(await second.client.text('GET', 'c')).toBe('3');
    await second.client.text('BGREWRITEAOF');
    await until(async () => (await second.info('aof_rewrite_in_progress')) === '0', 'the end of the rewrite');
    await second.stop();
    expect(readFileSync(file('appendonly.aof.manifest'), 'latin1')).toBe(
      'file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n',
    );
  });

  it('leaves an old single file alone beside a new one', async () => {
    writeFileSync(join(dir, 'appendonly.aof'), tail);
    given([`${INCR} 1 i`], { [INCR]: whole });
    const node = await start();
    expect(await node.client.text('DBSIZE')).toBe('2');
    await node.stop();
    expect(readFileSync(join(dir, 'appendonly.aof'), 'latin1')).toBe(tail);
  });

  it('names its files as it is told, blanks and all', async () => {
    const names = ['--appendfilename', 'my aof', '--appenddirname', 'the folder'];
    const first = await start(...names);
    await first.client.text('SET', 'a', '1');
    await first.stop();
    expect(readFileSync(join(dir, 'the folder', 'my aof.manifest'), 'latin1')).toBe(
      'file "my aof.1.base.rdb" seq 1 type b\nfile "my aof.1.incr.aof" seq 1 type i\n',
    );
    const second = await start(...names);
    expect(await second.client.text('GET', 'a')).toBe('1');
    await second.stop();
  });

  it('keeps clients waiting while it loads', async () => {
    given([`${INCR} 1 i`], { [INCR]: request(['SET', 'a', '1']).repeat(300) });
    let early: { ping: string; loading: string } | undefined;
    const node = await startNode({
      anyPort: true,
      argv: ['--dir', dir, '--bind', '127.0.0.1', '--appendonly', 'yes', '--key-load-delay', '2000'],
      onListening: (listening) => {
        void (async () => {
          const client = await RawConnection.open(listening.port);
          const ping = String(await client.call('PING'));
          const loading = String(await client.call('INFO', 'persistence'));
          early = { ping, loading };
          client.close();
        })();
      },
    });
    expect(early?.ping).toContain('LOADING Redis is loading the dataset in memory');
    expect(early?.loading).toMatch(/^loading:1\r$/m);
    expect(early?.loading).toMatch(/^loading_total_bytes:[1-9]/m);
    await node.close();
  });

  it('answers while a script in it takes long, and goes on behind it', async () => {
    const slow = "redis.call('set', KEYS[1], 'y') for i = 1, 300000 do redis.call('ping') end";
    given([`${INCR} 1 i`], {
      [INCR]: request(['EVAL', slow, '1', 'x']) + request(['APPEND', 'x', 'z']) + request(['INCR', 'n']),
    });
    let early = '';
    const log: string[] = [];
    const node = await startNode({
      anyPort: true,
      argv: [
        ...['--dir', dir, '--bind', '127.0.0.1'],
        ...['--appendonly', 'yes', '--busy-reply-threshold', '5'],
      ],
      log: (line) => log.push(line),
      onListening: ({ port }) => {
        void (async () => {
          const client = await RawConnection.open(port);
          await until(() => log.join('').includes('Slow script detected'), 'the script to be slow');
          early = String(await client.call('PING'));
          client.close();
        })();
      },
    });
    expect(early).toContain('LOADING');
    const client = await RawConnection.open(node.port);
    expect(await client.text('MGET', 'x', 'n')).toBe('yz,1');
    client.close();
    await node.close();
  });

  it('keeps keys that expire meanwhile for the commands that follow, and then lets them go', async () => {
    given([`${INCR} 1 i`], {
      [INCR]:
        request(['RPUSH', 'list', 'a']) +
        request(['PEXPIREAT', 'list', '1000']) +
        request(['RPUSH', 'list', 'b']),
    });
    const node = await start();
    expect(await node.client.text('LLEN', 'list')).toBe('0');
    await node.stop();
    expect(readFileSync(file(INCR), 'latin1')).toContain(request(['DEL', 'list']));
  });

  it('DEBUG LOADAOF reads the files again', async () => {
    const node = await start();
    await node.client.text('SET', 'a', '1');
    appendFileSync(file(INCR), request(['SET', 'b', '2']));
    expect(await node.client.text('DEBUG', 'LOADAOF')).toBe('OK');
    expect(await node.client.text('MGET', 'a', 'b')).toBe('1,2');
    expect(await node.info('rdb_changes_since_last_save')).toBe('0');
    await node.client.text('SET', 'c', '3');
    await node.stop();
    expect(readFileSync(file(INCR), 'latin1')).toBe(
      [
        ['SELECT', '0'],
        ['SET', 'a', '1'],
        ['SET', 'b', '2'],
        ['SET', 'c', '3'],
      ]
        .map(request)
        .join(''),
    );
  });
});
