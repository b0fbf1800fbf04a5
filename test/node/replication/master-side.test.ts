import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { ConfigStore } from '../../../src/node/config/store.ts';
import type { Session } from '../../../src/node/dispatch/session.ts';
import type { Saves } from '../../../src/node/parts/persistence.ts';
import { BackgroundWork } from '../../../src/node/persistence/background-work.ts';
import { RdbEncoder } from '../../../src/node/persistence/rdb-encoder.ts';
import { currentPieces } from '../../../src/node/persistence/snapshot.ts';
import { MasterSide, type PsyncRequest } from '../../../src/node/replication/master-side.ts';
import { ReplicationStream } from '../../../src/node/replication/stream.ts';
import { RdbReader } from '../../../src/protocol/rdb/reader.ts';
import { request } from '../../../src/protocol/resp/encode.ts';
import { testKeyspace } from '../../helpers/keyspace.ts';

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A session that records what is written to it; the rest of it is never asked for. */
class FakeSession {
  kind: Session['kind'] = 'normal';
  readonly address = '127.0.0.1:40000';
  lastInteractionMs = 0;
  pendingBytes = 0;
  gatheredBytes = 0;
  onUnblock: Session['onUnblock'];
  destroyed = false;
  ended = false;
  replies: string[] = [];
  #written: Buffer[] = [];
  readonly #closers: (() => void)[] = [];

  get text(): string {
    return Buffer.concat(this.#written).toString('latin1');
  }
  /** What was written since the last call. */
  take(): string {
    const text = this.text;
    this.#written = [];
    return text;
  }
  write(data: string | Uint8Array): void {
    this.#written.push(typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data));
  }
  resume(reply: string): void {
    this.replies.push(reply);
  }
  destroy(): void {
    this.destroyed = true;
    for (const fn of this.#closers) fn();
  }
  end(): void {
    this.ended = true;
  }
  onClose(fn: () => void): void {
    this.#closers.push(fn);
  }
}

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

const SAVE_MS = 10;

function setUp(directives: Record<string, string> = {}) {
  const keyspace = testKeyspace({ databases: 4 });
  const config = new ConfigStore();
  for (const [name, value] of Object.entries(directives)) expect(config.set(name, value)).toBeUndefined();
  const random = seededRandom(7);
  const log: string[] = [];
  folder ??= mkdtempSync(join(tmpdir(), 'trib-test-'));
  expect(config.set('dir', folder)).toBeUndefined();
  const { clock, databases } = keyspace;
  const saveFile = join(folder, 'dump.rdb');
  const background = new BackgroundWork(clock);
  let givenUp = 0;
  /** Saves at once, and is done a little later. */
  const saves: Pick<Saves, 'saveInBackground' | 'giveUp'> = {
    saveInBackground(onEnd) {
      const encoder = new RdbEncoder({ config, databases, nowMs: clock.nowMs(), functionCodes: [] });
      const bytes = Buffer.concat([...currentPieces(databases, encoder)]);
      const snapshot = background.begin('rdb', [], encoder);
      clock.after(SAVE_MS, () => {
        writeFileSync(saveFile, bytes);
        background.end(snapshot);
        onEnd?.(true);
      });
      return true;
    },
    giveUp: () => givenUp++,
  };
  const stream: ReplicationStream = new ReplicationStream(random, () => master.sendStream());
  const master: MasterSide = new MasterSide({
    clock: keyspace.clock,
    random,
    log: (_level, message) => log.push(message),
    config,
    stats: keyspace.stats,
    databases: keyspace.databases,
    stream,
    persistence: () => ({ background, saves: saves as Saves }),
    libraries: () => ({ all: () => [] }),
    masterStreamDb: () => -1,
    scriptIsOpen: () => false,
    onBacklogOpened: () => {},
  });
  const replica = (options: { eof?: boolean; psync2?: boolean } = {}) => {
    const fake = new FakeSession();
    const session = fake as unknown as Session;
    const peer = master.peerOf(session);
    peer.eofCapable = options.eof ?? true;
    peer.psync2Capable = options.psync2 ?? true;
    return { fake, session, peer, psync: (from?: PsyncRequest) => master.sync(session, from) };
  };
  return { ...keyspace, config, stream, master, log, replica, givenUp: () => givenUp };
}

const ASK_ALL: PsyncRequest = { id: '?', offset: -1 };

/** The RDB at the beginning of what a replica was sent behind +FULLRESYNC, and what follows it. */
function readTransfer(text: string): { keys: Record<string, string>; offset: number; rest: string } {
  const header = /^\n*\+FULLRESYNC [0-9a-f]{40} (\d+)\r\n\n*\$(?:EOF:([0-9a-f]{40})|(\d+))\r\n/.exec(text);
  if (header === null) throw new Error(`no transfer in ${JSON.stringify(text.slice(0, 200))}`);
  const keys: Record<string, string> = {};
  const reader = new RdbReader(
    {
      aux() {},
      functionLibrary() {},
      entry: ({ db, key, value, expireAtMs }) => {
        keys[`${db}:${key}`] = expireAtMs < 0 ? String(value) : `${value} until ${expireAtMs}`;
      },
    },
    { checksum: true, databases: 16 },
  );
  const bytes = Buffer.from(text.slice(header[0].length), 'latin1');
  const used = reader.feed(bytes);
  reader.end();
  let rest = bytes.subarray(used).toString('latin1');
  if (header[2] !== undefined) {
    expect(rest.startsWith(header[2])).toBe(true);
    rest = rest.slice(40);
  } else {
    expect(used).toBe(Number(header[3]));
  }
  return { keys, offset: Number(header[1]), rest };
}

const SELECT_0 = request(['SELECT', '0']);

describe('the replicas of a master', () => {
  it('get the data of one moment, then what was written since', async () => {
    const { db, databases, clock, stream, master, replica } = setUp();
    db.set('a', 'before', clock.nowMs() + 5000);
    db.set('bits', 'abc');
    db.editString('bits');
    databases[2]?.set('other', 'x'.repeat(200_000));
    const one = replica();
    one.psync(ASK_ALL);
    expect(one.fake.kind).toBe('replica');
    stream.feed(0, ['SET', 'first', '1']);
    // It begins in a turn of its own; what was written until then is in the data.
    clock.advance(0);
    const offset = stream.offset;
    db.set('a', 'after');
    db.delete('bits');
    stream.feed(0, ['SET', 'a', 'after']);
    clock.advance(20);
    await endOfTurn();
    const transfer = readTransfer(one.fake.take());
    expect(transfer.offset).toBe(offset);
    expect(transfer.keys['0:a']).toBe(`before until ${clock.nowMs() - 20 + 5000}`);
    expect(transfer.keys['0:bits']).toBe('abc');
    expect(transfer.keys['2:other']).toHaveLength(200_000);
    expect(transfer.rest).toBe('');
    expect(one.peer.state).toBe('online');
    // The stream begins with the first acknowledgement.
    master.acknowledge(one.session, offset);
    expect(one.fake.take()).toBe(SELECT_0 + request(['SET', 'a', 'after']));
    stream.feed(0, ['DEL', 'a']);
    stream.feed(2, ['DEL', 'other']);
    await endOfTurn();
    expect(one.fake.take()).toBe(
      request(['DEL', 'a']) + request(['SELECT', '2']) + request(['DEL', 'other']),
    );
  });

  it('get a length first when they do not know marks, and the stream at once', async () => {
    for (const [options, directives] of [
      [{ eof: false }, {}],
      [{ eof: true }, { 'repl-diskless-sync': 'no' }],
    ] as const) {
      const { db, clock, stream, replica } = setUp(directives);
      for (let i = 0; i < 3000; i++) db.set(`key${i}`, `value ${i}`.repeat(20));
      const one = replica(options);
      one.psync(ASK_ALL);
      stream.feed(0, ['SET', 'a', '0']);
      clock.advance(0);
      stream.feed(0, ['SET', 'a', '1']);
      clock.advance(100);
      await endOfTurn();
      const { keys, rest } = readTransfer(one.fake.take());
      expect(Object.keys(keys)).toHaveLength(3000);
      expect(rest).toBe(SELECT_0 + request(['SET', 'a', '1']));
    }
  });

  it('are pinged when nothing was ever written, so that their offset is above zero: in a cluster', async () => {
    const { clock, config, master, replica, stream } = setUp();
    config.load('cluster-enabled', ['yes']);
    const one = replica();
    one.psync(ASK_ALL);
    clock.advance(10);
    one.fake.take();
    master.acknowledge(one.session, 0);
    expect(one.fake.take()).toBe(request(['PING']));
    expect(stream.offset).toBe(request(['PING']).length);
  });

  it('hear nothing but writes at first outside a cluster', () => {
    const { clock, master, replica, stream } = setUp();
    const one = replica();
    one.psync(ASK_ALL);
    clock.advance(10);
    one.fake.take();
    master.acknowledge(one.session, 0);
    expect(one.fake.take()).toBe('');
    expect(stream.offset).toBe(0);
  });

  it('see bytes changed in place as they were', () => {
    const { db, clock, replica } = setUp();
    for (let i = 0; i < 500; i++) {
      db.set(`key${i}`, 'x'.repeat(1000));
      db.editString(`key${i}`);
    }
    const one = replica();
    one.psync(ASK_ALL);
    one.fake.pendingBytes = 0;
    clock.advance(0);
    one.fake.pendingBytes = 2 << 20;
    for (let i = 0; i < 500; i++) {
      db.editString(`key${i}`).writeAt(0, 'CHANGED');
      db.changed(`key${i}`);
    }
    clock.advance(10);
    one.fake.pendingBytes = 0;
    clock.advance(100);
    const { keys } = readTransfer(one.fake.text);
    expect(Object.values(keys).every((value) => value === 'x'.repeat(1000))).toBe(true);
    expect(Object.keys(keys)).toHaveLength(500);
  });

  it('share a transfer when they come together, and are paced by the slowest', () => {
    const { db, clock, replica, stats, log } = setUp();
    for (let i = 0; i < 200; i++)
      db.set(`key${i}`, Buffer.alloc(20_000, i).toString('latin1') + Math.random());
    const [one, two] = [replica(), replica()];
    one.psync(ASK_ALL);
    two.psync(ASK_ALL);
    two.fake.pendingBytes = 2 << 20;
    clock.advance(50);
    expect(one.fake.text.length).toBeLessThan(200_000);
    two.fake.pendingBytes = 0;
    clock.advance(1000);
    expect(readTransfer(one.fake.text).keys).toEqual(readTransfer(two.fake.text).keys);
    expect(stats.fullSyncs).toBe(2);
    expect(log.filter((line) => line.startsWith('Background RDB transfer started'))).toHaveLength(1);
  });

  it('join a save that is under way for others, and get what was written since it began', async () => {
    const { db, clock, stream, master, log, replica, givenUp } = setUp({
      'repl-diskless-sync': 'no',
      save: '',
    });
    db.set('a', '1');
    const [one, two] = [replica(), replica()];
    one.psync(ASK_ALL);
    clock.advance(1);
    expect(one.peer.info(clock.nowMs()).state).toBe('wait_bgsave');
    db.set('a', '2');
    stream.feed(0, ['SET', 'a', '2']);
    two.psync(ASK_ALL);
    expect(log.at(-1)).toBe('Waiting for end of BGSAVE for SYNC');
    master.tick(true, false);
    clock.advance(SAVE_MS + 1);
    await endOfTurn();
    for (const { fake, peer } of [one, two]) {
      const transfer = readTransfer(fake.text.replaceAll(/^\n|(?<=\r\n)\n/g, ''));
      expect(transfer.keys).toEqual({ '0:a': '1' });
      expect(transfer.rest).toBe(SELECT_0 + request(['SET', 'a', '2']));
      expect(peer.state).toBe('online');
    }
    const late = replica();
    late.psync(ASK_ALL);
    clock.advance(1);
    late.fake.destroy();
    expect(givenUp()).toBe(1);
  });

  it('ask again when all keys go while they are sent', () => {
    const { db, clock, master, replica } = setUp();
    for (let i = 0; i < 1000; i++) db.set(`key${i}`, 'x'.repeat(5000));
    const one = replica();
    one.psync(ASK_ALL);
    one.fake.pendingBytes = 2 << 20;
    clock.advance(5);
    expect(one.peer.state).toBe('transfer');
    expect(db.snapshot).toBeDefined();
    master.giveUpSyncs();
    expect(one.fake.destroyed).toBe(true);
    expect(db.snapshot).toBeUndefined();
  });

  it('are given up when they take nothing, and do not hold up the others', () => {
    const { db, clock, replica, master } = setUp({ 'repl-timeout': '5' });
    db.set('a', '1');
    const [one, two] = [replica(), replica()];
    one.psync(ASK_ALL);
    two.psync(ASK_ALL);
    two.fake.pendingBytes = 2 << 20;
    clock.advance(4000);
    expect(two.fake.destroyed).toBe(false);
    clock.advance(2000);
    expect(two.fake.destroyed).toBe(true);
    expect(readTransfer(one.fake.text).keys).toEqual({ '0:a': '1' });
    expect(master.peers).toEqual([one.peer]);
  });

  it('wait for others only where repl-diskless-sync-delay asks for it', () => {
    const { clock, replica, master } = setUp({ 'repl-diskless-sync-delay': '3' });
    const one = replica();
    one.psync(ASK_ALL);
    for (let second = 0; second < 2; second++) {
      clock.advance(1000);
      master.tick(true, true);
    }
    expect(one.fake.take()).toBe('\n\n');
    clock.advance(1000);
    master.tick(true, true);
    expect(one.fake.text).toContain('+FULLRESYNC');
  });

  it('wait no longer when there are enough of them', () => {
    const { clock, replica } = setUp({
      'repl-diskless-sync-delay': '60',
      'repl-diskless-sync-max-replicas': '2',
    });
    const [one, two] = [replica(), replica()];
    one.psync(ASK_ALL);
    clock.advance(10);
    expect(one.fake.text).toBe('');
    two.psync(ASK_ALL);
    clock.advance(10);
    expect(one.fake.text).toContain('+FULLRESYNC');
    expect(two.fake.text).toContain('+FULLRESYNC');
  });

  async function linked(directives: Record<string, string> = {}) {
    const all = setUp(directives);
    const one = all.replica();
    one.psync(ASK_ALL);
    all.clock.advance(10);
    all.master.acknowledge(one.session, 0);
    await endOfTurn();
    one.fake.take();
    return { ...all, one };
  }

  it('go on where they were, under either name of the history', async () => {
    const { stream, replica, one, stats } = await linked();
    stream.feed(0, ['SET', 'a', '1']);
    await endOfTurn();
    expect(one.fake.take()).toBe(SELECT_0 + request(['SET', 'a', '1']));
    const { id, offset } = stream;
    stream.feed(0, ['SET', 'b', '2']);
    const again = replica();
    again.psync({ id: id.toUpperCase(), offset: offset + 1 });
    expect(again.fake.take()).toBe(`+CONTINUE ${id}\r\n${request(['SET', 'b', '2'])}`);
    stream.shiftId();
    const old = replica({ psync2: false });
    old.psync({ id, offset: offset + 1 });
    expect(old.fake.take()).toBe(`+CONTINUE\r\n${request(['SET', 'b', '2'])}`);
    stream.feed(0, ['SET', 'c', '3']);
    await endOfTurn();
    expect(again.fake.take()).toBe(request(['SET', 'c', '3']));
    const late = replica();
    late.psync({ id, offset: stream.offset + 1 });
    const unknown = replica();
    unknown.psync({ id: 'f'.repeat(40), offset: 1 });
    const ahead = replica();
    ahead.psync({ id: stream.id, offset: stream.offset + 2 });
    expect(stats.partialSyncsOk).toBe(2);
    expect(stats.partialSyncsRefused).toBe(3);
    expect(stats.fullSyncs).toBe(4);
  });

  it('get all of a turn that writes more than the backlog holds', async () => {
    const { stream, one } = await linked({ 'repl-backlog-size': '16384' });
    const written = Array.from({ length: 200 }, (_, i) => request(['SET', `key${i}`, 'x'.repeat(1000)]));
    for (let i = 0; i < 200; i++) stream.feed(0, ['SET', `key${i}`, 'x'.repeat(1000)]);
    await endOfTurn();
    expect(one.fake.take()).toBe(SELECT_0 + written.join(''));
    stream.feed(0, ['DEL', 'a']);
    expect(stream.backlog?.length).toBeLessThan(60_000);
  });

  it('cannot go on from what the backlog has dropped', async () => {
    const { stream, replica, stats } = await linked({ 'repl-backlog-size': '16384' });
    const { id, offset } = stream;
    for (let i = 0; i < 100; i++) {
      stream.feed(0, ['SET', 'a', 'x'.repeat(1000)]);
      if (i % 10 === 0) await endOfTurn();
    }
    replica().psync({ id, offset: offset + 1 });
    expect(stats.partialSyncsRefused).toBe(1);
  });

  it('are pinged, and given up when they do not answer', async () => {
    const { clock, master, one, stream } = await linked({
      'repl-timeout': '3',
      'repl-ping-replica-period': '2',
    });
    master.tick(true, true);
    await endOfTurn();
    expect(one.fake.take()).toBe('');
    clock.advance(1000);
    master.tick(true, true);
    await endOfTurn();
    expect(one.fake.take()).toBe(request(['PING']));
    const { offset } = stream;
    master.tick(true, true);
    // It would be time again, but the offset must stand still.
    master.tick(true, false);
    await endOfTurn();
    expect(stream.offset).toBe(offset);
    clock.advance(1500);
    master.acknowledge(one.session, offset);
    clock.advance(2900);
    master.tick(true, true);
    expect(one.fake.destroyed).toBe(false);
    clock.advance(1000);
    master.tick(true, true);
    expect(one.fake.destroyed).toBe(true);
    expect(master.peers).toEqual([]);
  });

  it('are given up when too much gathers for them', async () => {
    const { clock, replica, stream } = setUp({
      'client-output-buffer-limit': 'replica 100000 0 0',
      'repl-backlog-size': '16384',
    });
    const one = replica();
    one.psync(ASK_ALL);
    clock.advance(10);
    for (let i = 0; i < 20 && !one.fake.destroyed; i++) {
      stream.feed(0, ['SET', 'a', 'x'.repeat(10_000)]);
      await endOfTurn();
    }
    expect(one.fake.destroyed).toBe(true);
    expect(stream.backlog?.length).toBeLessThan(60_000);
  });

  it('are waited for until enough of them have it, or the time is over', async () => {
    const { clock, master, one, stream } = await linked();
    stream.feed(0, ['SET', 'a', '1']);
    const { offset } = stream;
    const [soon, late] = [new FakeSession(), new FakeSession()];
    master.waiters.add(soon as unknown as Session, offset, 1, 0);
    master.waiters.add(late as unknown as Session, offset, 2, 500);
    stream.requestAcks();
    stream.requestAcks();
    await endOfTurn();
    expect(one.fake.take()).toBe(
      SELECT_0 + request(['SET', 'a', '1']) + request(['REPLCONF', 'GETACK', '*']),
    );
    master.acknowledge(one.session, offset - 1);
    expect(soon.replies).toEqual([]);
    master.acknowledge(one.session, offset);
    expect(soon.replies).toEqual([':1\r\n']);
    clock.advance(499);
    expect(late.replies).toEqual([]);
    clock.advance(1);
    expect(late.replies).toEqual([':1\r\n']);
  });

  it('leave a backlog that is forgotten after a while, with the name of the history', async () => {
    const { clock, master, one, stream } = await linked({ 'repl-backlog-ttl': '10' });
    const { id } = stream;
    one.fake.destroy();
    clock.advance(9000);
    master.tick(true, true);
    expect(stream.backlog).toBeDefined();
    clock.advance(2000);
    master.tick(true, true);
    expect(stream.backlog).toBeUndefined();
    expect(stream.id).not.toBe(id);
    const { offset } = stream;
    stream.feed(0, ['SET', 'uncounted', '1']);
    expect(stream.offset).toBe(offset);
  });

  it('that want the RDB only are let go then; what wants no keys gets none', () => {
    const { db, clock, replica, master } = setUp();
    db.set('a', '1');
    const [only, none] = [replica(), replica()];
    only.peer.rdbOnly = true;
    none.peer.excludeData = true;
    only.psync(ASK_ALL);
    none.psync(ASK_ALL);
    clock.advance(10);
    expect(readTransfer(only.fake.text).keys).toEqual({ '0:a': '1' });
    expect(only.fake.ended).toBe(true);
    expect(readTransfer(none.fake.text).keys).toEqual({});
    expect(master.peers).toEqual([none.peer]);
  });

  it('are refused with output pending, or a filter without marks', () => {
    const { replica } = setUp();
    const busy = replica();
    // What the socket has, though it is not sent, is before the stream in any case.
    busy.fake.pendingBytes = 5;
    busy.fake.gatheredBytes = 5;
    expect(busy.psync(ASK_ALL)).toBe('-ERR SYNC and PSYNC are invalid with pending output\r\n');
    const old = replica({ eof: false });
    old.peer.excludeData = true;
    expect(old.psync(ASK_ALL)).toBe('-ERR Filtered replica requires EOF capability\r\n');
  });
});
