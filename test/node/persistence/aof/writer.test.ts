import { describe, expect, it } from 'vitest';
import { ConfigStore } from '../../../../src/node/config/store.ts';
import { AofWriter } from '../../../../src/node/persistence/aof/writer.ts';
import { request } from '../../../../src/protocol/resp/encode.ts';
import { ModelDisk } from '../../../helpers/model-disk.ts';
import { VirtualClock } from '../../../helpers/virtual-clock.ts';

const SELECT_0 = request(['SELECT', '0']);

/** A disk whose writes can be short or refused, and whose background syncs end when they are told to. */
class TroubledDisk extends ModelDisk {
  /** Bytes that still fit; what is beyond is refused as on a full disk. */
  roomBytes = Number.POSITIVE_INFINITY;
  syncFails = false;
  truncateFails = false;
  syncs = 0;
  holdsSyncs = false;
  /** Called by each write and sync, which may take their time. */
  onWrite = (): void => {};
  onSync = (): void => {};
  #held: (() => void)[] = [];

  override write(file: number, bytes: Uint8Array): number {
    this.onWrite();
    if (this.roomBytes <= 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    const taken = bytes.subarray(0, this.roomBytes);
    this.roomBytes -= taken.length;
    return super.write(file, taken);
  }

  override sync(file: number): void {
    this.syncs++;
    this.onSync();
    if (this.syncFails) throw Object.assign(new Error('broken'), { code: 'EIO' });
    super.sync(file);
  }

  override async syncSoon(file: number): Promise<void> {
    if (this.holdsSyncs) await new Promise<void>((resolve) => this.#held.push(resolve));
    this.sync(file);
  }

  override truncate(file: number, sizeBytes: number): void {
    if (this.truncateFails) throw Object.assign(new Error('no'), { code: 'EIO' });
    super.truncate(file, sizeBytes);
  }

  releaseSyncs(): void {
    this.holdsSyncs = false;
    for (const resolve of this.#held) resolve();
    this.#held = [];
  }
}

function scene(appendfsync: string, directives: Readonly<Record<string, string>> = {}) {
  const disk = new TroubledDisk();
  const clock = new VirtualClock();
  const config = new ConfigStore();
  const log: string[] = [];
  const fatal: string[] = [];
  const waits: [event: string, microseconds: number][] = [];
  const busy = { snapshot: false };
  for (const [name, value] of Object.entries({ appendfsync, ...directives })) config.set(name, value);
  const writer = new AofWriter({
    ...{ disk, clock, config },
    log: (_level, message) => log.push(message),
    snapshotUnderWay: () => busy.snapshot,
    fatal: (reason) => fatal.push(reason),
    waited: (event, microseconds) => waits.push([event, microseconds]),
  });
  writer.switchTo(disk.openNew('/aof'), 0);
  const text = (): string => disk.bytesOf('/aof').toString('latin1');
  return { disk, clock, config, log, fatal, waits, busy, writer, text };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the writer of an append only file', () => {
  it('tells how long it waited for the disk, and what else had the disk busy', () => {
    const { disk, clock, writer, waits, busy } = scene('always');
    disk.onWrite = () => clock.advance(30);
    disk.onSync = () => clock.advance(50);
    const write = (): void => {
      writer.feed(0, ['INCR', 'a']);
      writer.flush();
    };
    write();
    expect(waits.splice(0)).toEqual([
      ['aof-write-alone', 30_000],
      ['aof-write', 30_000],
      ['aof-fsync-always', 50_000],
    ]);
    busy.snapshot = true;
    write();
    expect(waits[0]).toEqual(['aof-write-active-child', 30_000]);
  });

  it('tells of writes beside a sync under way', () => {
    const { disk, clock, writer, waits } = scene('everysec');
    disk.holdsSyncs = true;
    clock.advance(2000);
    writer.feed(0, ['INCR', 'a']);
    writer.flush();
    writer.feed(0, ['INCR', 'a']);
    writer.flush(true);
    expect(waits.map(([event]) => event)).toEqual([
      'aof-write-alone',
      'aof-write',
      'aof-write-pending-fsync',
      'aof-write',
    ]);
    disk.releaseSyncs();
  });

  it('writes what was fed, with the databases and, where wanted, the time', () => {
    const { writer, text, config, clock } = scene('no');
    writer.feed(0, ['SET', 'a', '1']);
    writer.feed(0, ['SET', 'b', '\xff\0']);
    writer.feed(3, ['DEL', 'a']);
    writer.flush();
    config.set('aof-timestamp-enabled', 'yes');
    writer.feed(3, ['INCR', 'x']);
    writer.feed(3, ['INCR', 'x']);
    clock.advance(1000);
    writer.feed(3, ['INCR', 'x']);
    writer.flush();
    const incr = request(['INCR', 'x']);
    const seconds = Math.floor(clock.nowMs() / 1000);
    expect(text()).toBe(
      SELECT_0 +
        request(['SET', 'a', '1']) +
        request(['SET', 'b', '\xff\0']) +
        request(['SELECT', '3']) +
        request(['DEL', 'a']) +
        `#TS:${seconds - 1}\r\n${incr}${incr}#TS:${seconds}\r\n${incr}`,
    );
    expect(writer.sizeBytes).toBe(text().length);
    expect(writer.totalBytes).toBe(text().length);
  });

  it('writes at the end of the turn what nobody waits for', async () => {
    const { writer, text } = scene('no');
    writer.feed(0, ['SET', 'a', '1']);
    expect(text()).toBe('');
    await turn();
    expect(text()).toBe(SELECT_0 + request(['SET', 'a', '1']));
  });

  it('large values and many of them', () => {
    const { writer, text } = scene('no');
    const large = 'x'.repeat(3_000_000);
    writer.feed(0, ['SET', 'a', large]);
    for (let i = 0; i < 5000; i++) writer.feed(0, ['SET', `key:${i}`, String(i)]);
    writer.flush();
    expect(text().length).toBe(writer.sizeBytes);
    expect(text().endsWith(request(['SET', 'key:4999', '4999']))).toBe(true);
  });

  it('syncs before each reply with always', () => {
    const { writer, disk } = scene('always');
    for (let i = 1; i <= 3; i++) {
      writer.feed(0, ['INCR', 'a']);
      writer.flush();
      expect(disk.syncs).toBe(i);
    }
    writer.flush();
    expect(disk.syncs).toBe(3);
  });

  it('syncs once a second with everysec, though nothing more is written, and never with no', async () => {
    const { writer, disk, clock, config } = scene('everysec');
    for (let i = 0; i < 10; i++) {
      writer.feed(0, ['INCR', 'a']);
      writer.flush();
    }
    expect(disk.syncs).toBe(0);
    for (let i = 0; i < 30; i++) {
      clock.advance(100);
      writer.tick();
      await turn();
    }
    expect(disk.syncs).toBe(1);
    config.set('appendfsync', 'no');
    writer.feed(0, ['INCR', 'a']);
    clock.advance(5000);
    writer.tick();
    expect(disk.syncs).toBe(1);
    // What was written without is made good when the policy changes.
    config.set('appendfsync', 'always');
    writer.flush();
    expect(disk.syncs).toBe(2);
  });

  it('waits for a slow sync, but for no more than two seconds', async () => {
    const { writer, disk, clock, log, text } = scene('everysec');
    disk.holdsSyncs = true;
    writer.feed(0, ['INCR', 'a']);
    writer.flush();
    clock.advance(1100);
    writer.tick();
    expect(writer.pendingSyncs).toBe(1);
    const before = text();
    writer.feed(0, ['INCR', 'b']);
    writer.flush();
    clock.advance(1900);
    writer.tick();
    expect(text()).toBe(before);
    expect(writer.waitingBytes).toBeGreaterThan(0);
    clock.advance(200);
    writer.tick();
    expect(text()).toBe(before + request(['INCR', 'b']));
    expect(writer.delayedSyncs).toBe(1);
    expect(log.join()).toContain('Asynchronous AOF fsync is taking too long');
    // When it ends in time, what waits is written then.
    writer.feed(0, ['INCR', 'c']);
    writer.flush();
    disk.releaseSyncs();
    await turn();
    expect(text()).toBe(before + request(['INCR', 'b']) + request(['INCR', 'c']));
    expect(writer.delayedSyncs).toBe(1);
  });

  it('does not sync while a snapshot is written, where it shall not', () => {
    const { writer, disk, busy } = scene('always', { 'no-appendfsync-on-rewrite': 'yes' });
    busy.snapshot = true;
    writer.feed(0, ['INCR', 'a']);
    writer.flush();
    expect(disk.syncs).toBe(0);
    busy.snapshot = false;
    writer.flush();
    expect(disk.syncs).toBe(1);
  });

  it('takes back what a full disk took in part, and goes on when there is room', () => {
    const { writer, disk, clock, log, text } = scene('everysec');
    writer.feed(0, ['SET', 'a', '1']);
    writer.flush();
    const before = text();
    disk.roomBytes = 10;
    writer.feed(0, ['SET', 'b', '2']);
    writer.flush();
    expect(text()).toBe(before);
    expect(writer.error).toBe('No space left on device');
    expect(log.at(-1)).toContain('Short write while writing to the AOF file: (nwritten=10, expected=27)');
    disk.roomBytes = 0;
    clock.advance(1000);
    writer.tick();
    expect(writer.error).toBe('No space left on device');
    disk.roomBytes = Number.POSITIVE_INFINITY;
    writer.flush();
    // Not with every reply, but every second.
    expect(writer.error).toBeDefined();
    clock.advance(1000);
    writer.tick();
    expect(writer.error).toBeUndefined();
    expect(log.at(-1)).toBe('AOF write error looks solved, Redis can write again.');
    expect(text()).toBe(before + request(['SET', 'b', '2']));
    expect(writer.sizeBytes).toBe(text().length);
  });

  it('goes on behind what it could not take back', () => {
    const { writer, disk, clock, text } = scene('no');
    disk.roomBytes = 10;
    disk.truncateFails = true;
    writer.feed(0, ['SET', 'b', '2']);
    writer.flush();
    expect(text()).toHaveLength(10);
    disk.roomBytes = Number.POSITIVE_INFINITY;
    clock.advance(1000);
    writer.tick();
    expect(text()).toBe(SELECT_0 + request(['SET', 'b', '2']));
  });

  it('ends the node when always cannot be kept', () => {
    const full = scene('always');
    full.disk.roomBytes = 0;
    full.writer.feed(0, ['INCR', 'a']);
    full.writer.flush();
    expect(full.fatal).toEqual([
      "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
    ]);
    const broken = scene('always');
    broken.disk.syncFails = true;
    broken.writer.feed(0, ['INCR', 'a']);
    broken.writer.flush();
    broken.writer.flush();
    expect(broken.fatal).toEqual([
      "Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output error. Exiting...",
    ]);
  });

  it('a failed sync in the background shows until one succeeds', async () => {
    const { writer, disk, clock, log } = scene('everysec');
    disk.syncFails = true;
    writer.feed(0, ['INCR', 'a']);
    writer.flush();
    for (let i = 0; i < 3; i++) {
      clock.advance(1000);
      writer.tick();
      await turn();
    }
    expect(writer.error).toBe('Input/output error');
    expect(log.filter((line) => line === 'Fail to fsync the AOF file: Input/output error')).toHaveLength(1);
    disk.syncFails = false;
    clock.advance(1000);
    writer.tick();
    await turn();
    expect(writer.error).toBeUndefined();
  });

  it('a file that is left is synced and closed, and the next one selects its database', async () => {
    const { writer, disk } = scene('everysec');
    writer.feed(5, ['INCR', 'a']);
    writer.flush();
    writer.switchTo(disk.openNew('/next'), 0);
    writer.feed(5, ['INCR', 'a']);
    writer.flush();
    expect(disk.bytesOf('/next').toString()).toBe(request(['SELECT', '5']) + request(['INCR', 'a']));
    await writer.closed();
    expect(disk.openPaths).toEqual(['/next']);
    expect(disk.syncs).toBe(1);
    writer.stop();
    await writer.closed();
    expect(disk.openPaths).toEqual([]);
  });
});
