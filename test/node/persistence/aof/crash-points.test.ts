import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../../src/core/random.ts';
import { ConfigStore } from '../../../../src/node/config/store.ts';
import { writeAll } from '../../../../src/node/persistence/aof/disk.ts';
import { AofFolder } from '../../../../src/node/persistence/aof/folder.ts';
import { liveFiles, withNewBase } from '../../../../src/node/persistence/aof/manifest.ts';
import { AofWriter } from '../../../../src/node/persistence/aof/writer.ts';
import { RequestParser } from '../../../../src/protocol/resp/request-parser.ts';
import { ModelDisk, type ModelDiskOptions } from '../../../helpers/model-disk.ts';
import { VirtualClock } from '../../../helpers/virtual-clock.ts';

/**
 * A node reduced to its append only file: the data are the numbers 1, 2, 3 ... that were written, a base tells how many
 * there were. What a file says twice, or leaves out, shows as a gap.
 */
class TinyNode {
  written = 0;
  acknowledged = 0;
  readonly disk: ModelDisk;
  readonly folder: AofFolder;
  readonly writer: AofWriter;
  readonly clock = new VirtualClock();
  #rewrittenUpTo: number | undefined;

  constructor(disk: ModelDisk, appendfsync: 'always' | 'everysec') {
    const config = new ConfigStore();
    config.set('appendfsync', appendfsync);
    config.load('dir', ['/']);
    this.disk = disk;
    const log = (): void => {};
    this.folder = new AofFolder({ disk, config, log });
    this.writer = new AofWriter({
      ...{ disk, clock: this.clock, config, log },
      snapshotUnderWay: () => false,
      fatal: () => {},
      waited: () => {},
    });
  }

  start(): void {
    const { folder } = this;
    folder.readManifest();
    this.written = this.acknowledged = this.load();
    folder.make();
    let { manifest } = folder;
    if (liveFiles(manifest).length === 0) {
      manifest = withNewBase(manifest, folder.prefix, 'rdb');
      this.#writeBase(folder.pathOf(manifest.base?.name ?? ''));
    }
    const { file, name } = folder.openAtStart(manifest);
    this.writer.switchTo(file, folder.sizeOf(name));
    folder.removeHistory();
  }

  write(): void {
    this.written++;
    this.writer.feed(0, ['WRITE', String(this.written)]);
    this.writer.flush();
    if (!this.disk.ended && this.writer.waitingBytes === 0) this.acknowledged = this.written;
  }

  beginRewrite(): void {
    if (this.#rewrittenUpTo !== undefined) return;
    this.writer.flush(true);
    this.writer.switchTo(this.folder.openIncrement(), 0);
    this.#rewrittenUpTo = this.written;
  }

  endRewrite(): void {
    if (this.#rewrittenUpTo === undefined) return;
    this.#writeBase('/temp-rewrite', this.#rewrittenUpTo);
    this.#rewrittenUpTo = undefined;
    this.folder.installBase('/temp-rewrite', 'rdb', 'listed');
  }

  #writeBase(path: string, count = this.written): void {
    const file = this.disk.openNew(path);
    writeAll(this.disk, file, Buffer.from(`*2\r\n$4\r\nBASE\r\n$6\r\n${String(count).padStart(6)}\r\n`));
    this.disk.sync(file);
    this.disk.close(file);
    this.disk.syncFolder('/');
  }

  /** What the files say: how many numbers there are, from 1 without a gap. Only the last file may end in the middle. */
  load(): number {
    const { folder, disk } = this;
    const files = liveFiles(folder.manifest);
    let count = 0;
    for (const [index, { name }] of files.entries()) {
      const parser = new RequestParser();
      parser.fromFile = true;
      const bytes = disk.bytesOf(folder.pathOf(name));
      parser.feed(bytes);
      for (let argv = parser.next(); argv !== undefined; argv = parser.next()) {
        if (argv[0] === 'BASE') count = Number(argv[1]);
        else if (argv[0] === 'WRITE') expect(Number(argv[1])).toBe(++count);
      }
      expect(parser.error).toBeUndefined();
      if (parser.consumedBytes === bytes.length) continue;
      expect(index).toBe(files.length - 1);
      const file = disk.openToAppend(folder.pathOf(name));
      disk.truncate(file, parser.consumedBytes);
      disk.close(file);
    }
    return count;
  }
}

const promisesDone = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lives until the disk says that it ends, or the story is told. */
async function live(node: TinyNode, random: Random): Promise<void> {
  try {
    node.start();
    for (let turn = 0; turn < 40 && !node.disk.ended; turn++) {
      const dice = random.below(10);
      if (dice < 6) node.write();
      else if (dice < 8) node.beginRewrite();
      else node.endRewrite();
      if (random.below(3) === 0) node.clock.advance(random.below(1500));
      node.writer.tick();
      await promisesDone();
    }
    node.writer.stop();
    await node.writer.closed();
  } catch (error) {
    if (!node.disk.ended) throw error;
  }
}

type Policy = 'always' | 'everysec';

function tell(seed: number, policy: Policy, options: ModelDiskOptions = {}) {
  const node = new TinyNode(new ModelDisk(options), policy);
  return { node, done: live(node, seededRandom(seed)) };
}

const seeds = [1, 2, 3];

describe('an append only file of which every step can be the last', () => {
  it.each(
    seeds.flatMap((seed) => (['always', 'everysec'] as const).map((policy) => [seed, policy] as const)),
  )('is whole after the end of the process, and goes on: seed %i, appendfsync %s', async (seed, policy) => {
    const whole = tell(seed, policy);
    await whole.done;
    const { steps } = whole.node.disk;
    expect(steps).toBeGreaterThan(60);
    for (let last = 0; last <= steps; last++) {
      const { node, done } = tell(seed, policy, { steps: last });
      await done;
      const next = new TinyNode(node.disk.afterEnd(), policy);
      next.start();
      const found = next.acknowledged;
      expect(found, `after ${last} steps`).toBeGreaterThanOrEqual(node.acknowledged);
      expect(found, `after ${last} steps`).toBeLessThanOrEqual(node.written);
      next.write();
      next.beginRewrite();
      next.write();
      next.endRewrite();
      next.writer.flush(true);
      expect(new TinyNode(next.disk.afterEnd(), policy).folder.manifest.history).toEqual([]);
      const third = new TinyNode(next.disk.afterEnd(), policy);
      third.start();
      expect(third.acknowledged).toBe(found + 2);
    }
  });

  it.each(seeds)('is whole after a loss of power too, with appendfsync always: seed %i', async (seed) => {
    const whole = tell(seed, 'always');
    await whole.done;
    for (let last = 0; last <= whole.node.disk.steps; last++) {
      const { node, done } = tell(seed, 'always', { steps: last });
      await done;
      for (let chance = 0; chance < 5; chance++) {
        const next = new TinyNode(
          node.disk.afterPowerLoss(seededRandom(seed * 1000 + last * 10 + chance)),
          'always',
        );
        next.start();
        expect(next.acknowledged, `after ${last} steps`).toBeGreaterThanOrEqual(node.acknowledged);
        expect(next.acknowledged, `after ${last} steps`).toBeLessThanOrEqual(node.written);
      }
    }
  });
});
