import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningNode, startNode } from '../../../src/node/node.ts';
import { bulk, request } from '../../../src/protocol/resp/encode.ts';
import { TextSocket } from '../../helpers/text-socket.ts';

const OK = '+OK\r\n';
const QUEUED = '+QUEUED\r\n';

describe('the dispatcher', () => {
  let node: RunningNode;
  let log: string[];
  const clients: TextSocket[] = [];
  const open = async (): Promise<TextSocket> => {
    const client = await TextSocket.open(node.port);
    clients.push(client);
    return client;
  };
  /** What replicas would hear, in order. */
  const stream: string[][] = [];

  beforeEach(async () => {
    log = [];
    stream.length = 0;
    node = await startNode({
      anyPort: true,
      config: { bind: '127.0.0.1', save: '""', 'enable-debug-command': 'yes' },
      log: (line) => log.push(line),
    });
    node.parts.propagation.subscribe((dbIndex, argv) => stream.push([String(dbIndex), ...argv]));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await node.close();
  });

  describe('held keys', () => {
    it('keep back who touches them, and only them, in order', async () => {
      const [a, b, free] = [await open(), await open(), await open()];
      await a.expect('SET x 1\r\n', OK);
      const release = node.parts.dispatch.holdKeys(0, ['x']);
      a.send('APPEND x a\r\nECHO after\r\n');
      await free.expect('SET y 1\r\n', OK);
      b.send('MULTI\r\nAPPEND x b\r\nEXEC\r\n');
      expect(await b.take(OK.length + QUEUED.length)).toBe(OK + QUEUED);
      await free.expect('GET y\r\n', bulk('1'));
      expect(node.parts.clients.blockedCount).toBe(2);
      expect(a.received + b.received).toBe('');
      release();
      release();
      expect(await a.take(15)).toBe(`:2\r\n${bulk('after')}`);
      expect(await b.take(8)).toBe('*1\r\n:3\r\n');
      expect(node.parts.clients.blockedCount).toBe(0);
      await free.expect('GET x\r\n', bulk('1ab'));
    });

    it('keep back FLUSHALL, which would reach them too', async () => {
      const [a, free] = [await open(), await open()];
      const release = node.parts.dispatch.holdKeys(0, ['x']);
      a.send('FLUSHALL\r\n');
      await free.expect('PING\r\n', '+PONG\r\n');
      expect(a.received).toBe('');
      release();
      expect(await a.take(OK.length)).toBe(OK);
    });

    it('do not concern other databases, nor the stream of the master', async () => {
      const a = await open();
      const release = node.parts.dispatch.holdKeys(0, ['x']);
      await a.expect('SELECT 1\r\nSET x 1\r\n', OK + OK);
      node.parts.dispatch.applyFromMaster(['SET', 'x', 'master']);
      expect(node.parts.databases[0]?.peek('x')?.value).toBe('master');
      release();
    });

    it('forget a client that goes away meanwhile', async () => {
      const a = await open();
      const release = node.parts.dispatch.holdKeys(0, ['x']);
      a.send('SET x gone\r\n');
      const free = await open();
      await free.expect('PING\r\n', '+PONG\r\n');
      node.parts.clients.byId(1)?.destroy();
      release();
      await free.expect('EXISTS x\r\n', ':0\r\n');
      expect(node.parts.clients.blockedCount).toBe(0);
    });

    it('may be held twice', async () => {
      const a = await open();
      const first = node.parts.dispatch.holdKeys(0, ['x']);
      const second = node.parts.dispatch.holdKeys(0, ['x', 'y']);
      a.send('SET x 1\r\n');
      first();
      const free = await open();
      await free.expect('PING\r\n', '+PONG\r\n');
      expect(a.received).toBe('');
      second();
      expect(await a.take(OK.length)).toBe(OK);
    });
  });

  describe('CLIENT PAUSE', () => {
    it('WRITE holds writes back and lets reads go on', async () => {
      const [admin, a] = [await open(), await open()];
      await admin.expect('CLIENT PAUSE 100000 WRITE\r\n', OK);
      a.send('GET x\r\nSET x 1\r\n');
      expect(await a.take(5)).toBe('$-1\r\n');
      await admin.expect('PING\r\n', '+PONG\r\n');
      expect(a.received).toBe('');
      await admin.expect('CLIENT UNPAUSE\r\n', OK);
      expect(await a.take(OK.length)).toBe(OK);
    });

    it('ALL ends by itself', async () => {
      const [admin, a] = [await open(), await open()];
      await admin.expect('CLIENT PAUSE 60\r\n', OK);
      const sentAtMs = performance.now();
      await a.expect('PING\r\n', '+PONG\r\n');
      expect(performance.now() - sentAtMs).toBeGreaterThan(20);
    });

    it('takes times beyond those of a timer', async () => {
      const admin = await open();
      await admin.expect('CLIENT PAUSE 99999999999 WRITE\r\n', OK);
      expect(node.parts.dispatch.writesPaused).toBe(true);
      await admin.expect('CLIENT UNPAUSE\r\n', OK);
      expect(node.parts.dispatch.writesPaused).toBe(false);
    });
  });

  describe('propagation', () => {
    it('sends what changed something, and one transaction as one', async () => {
      const a = await open();
      await a.expect('SET x 1\r\nGET x\r\nDEL none\r\n', `${OK}${bulk('1')}:0\r\n`);
      await a.expect(
        'MULTI\r\nSET x 2\r\nGET x\r\nEXEC\r\n',
        `${OK}${QUEUED}${QUEUED}*2\r\n${OK}${bulk('2')}`,
      );
      a.send('MULTI\r\nSET x 3\r\nSELECT 2\r\nINCR y\r\nEXEC\r\n');
      await a.take(OK.length + 3 * QUEUED.length + 4 + 2 * OK.length + 4);
      expect(stream).toEqual([
        ['0', 'SET', 'x', '1'],
        ['0', 'SET', 'x', '2'],
        ['0', 'MULTI'],
        ['0', 'SET', 'x', '3'],
        ['2', 'INCR', 'y'],
        ['2', 'EXEC'],
      ]);
    });

    it('sends FLUSHALL even when nothing was there, and DEBUG POPULATE not at all', async () => {
      const a = await open();
      await a.expect('FLUSHALL\r\nDEBUG POPULATE 5\r\n', OK + OK);
      expect(stream).toEqual([['0', 'FLUSHALL']]);
    });

    it('sends the deletion of an expired key before the write that met it', async () => {
      const a = await open();
      await a.expect('DEBUG SET-ACTIVE-EXPIRE 0\r\nSET x 1 PX 1\r\n', OK + OK);
      stream.length = 0;
      const deadlineMs = Date.now() + 2;
      while (Date.now() <= deadlineMs);
      await a.expect('SET x 2\r\n', OK);
      expect(stream).toEqual([
        ['0', 'MULTI'],
        ['0', 'DEL', 'x'],
        ['0', 'SET', 'x', '2'],
        ['0', 'EXEC'],
      ]);
    });
  });

  it('runs the stream of a master: databases, transactions, no refusals for clients', () => {
    const { dispatch, databases, config } = node.parts;
    config.set('requirepass', 'secret');
    const apply = (text: string): void => dispatch.applyFromMaster(text.split(' '));
    for (const line of ['SELECT 3', 'MULTI', 'SET x 1', 'INCR x', 'EXEC', 'SET y 1']) apply(line);
    expect(databases[3]?.peek('x')?.value).toBe('2');
    expect(databases[3]?.peek('y')?.value).toBe('1');
    apply('INCR none extra');
    apply('NOSUCH command');
    const complaints = log.filter((line) => line.includes('== CRITICAL == This replica is sending an error'));
    expect(complaints.map((line) => line.split('after processing').at(-1)?.trim())).toEqual([
      "the command 'incr'",
      "the command '<unknown>'",
    ]);
    dispatch.master.reset();
    apply('SET z 1');
    expect(databases[0]?.peek('z')?.value).toBe('1');
  });

  it('counts calls, refusals and errors', async () => {
    const a = await open();
    await a.expect('SET x a\r\nINCR x\r\nSET x\r\nNONE\r\n', OK);
    a.send('INFO commandstats errorstats\r\n');
    await a.expect('PING\r\n', '').catch(() => {});
    const { stats } = node.parts.server;
    const of = (name: string) => node.parts.commands.find(name)?.stats;
    expect(of('set')).toMatchObject({ calls: 1, rejectedCalls: 1, failedCalls: 0 });
    expect(of('incr')).toMatchObject({ calls: 1, rejectedCalls: 0, failedCalls: 1 });
    expect(stats.errors.get('ERR')).toBe(3);
    expect(stats.errorReplies).toBe(3);
  });

  it('logs slow commands, without what must not be shown', async () => {
    const a = await open();
    await a.expect('CONFIG SET slowlog-log-slower-than 0\r\n', OK);
    await a.expect(request(['CONFIG', 'SET', 'masterauth', 'secret', 'timeout', '0']), OK);
    await a.expect('SET x 1\r\nPING\r\n', `${OK}+PONG\r\n`);
    const shown = node.parts.server.slowLog.entries.map((entry) => entry.argv.join(' '));
    expect(shown).toEqual([
      'PING',
      'SET x 1',
      'CONFIG SET masterauth (redacted) timeout 0',
      'CONFIG SET slowlog-log-slower-than 0',
    ]);
  });
});
