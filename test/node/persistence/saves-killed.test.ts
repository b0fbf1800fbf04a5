import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom, systemRandom } from '../../../src/core/random.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { nodeReady, runNode } from '../../helpers/node-process.ts';
import { RawConnection } from '../../helpers/raw-connection.ts';
import { keysOfRdb } from '../../helpers/rdb-file.ts';
import { until } from '../../helpers/servers.ts';

/** `npm run test:kills` does 200 of them; a sample otherwise. */
const rounds = process.env['TRIB_KILLS'] === 'all' ? 200 : 8;
const seed = Number(process.env['TRIB_SEED'] ?? systemRandom.below(1_000_000));
const KEYS = 400;
const filler = 'incompressible '.repeat(60);

/** All keys at once, so that each moment has one generation only. */
const writeAll = (generation: number): string[] => [
  'MSET',
  ...Array.from({ length: KEYS }, (_, n) => [`key${n}`, `${generation} ${filler}`]).flat(),
];

describe(`a node that is killed while it saves (seed ${seed})`, () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-killed-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it(`has a whole file of one moment, the old or the new, ${rounds} times`, async () => {
    const random = seededRandom(seed);
    const [port = 0] = await freePorts(1, systemRandom);
    const argv = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
    let generation = 0;
    let saved = 0;
    let killedWhileSaving = 0;
    for (let round = 0; round < rounds; round++) {
      const node = runNode([...argv, '--rdb-key-save-delay', String(random.below(400))]);
      try {
        await nodeReady(node);
        const client = await RawConnection.open(port);
        const shown = await client.call('GET', 'key0');
        if (saved > 0) expect(Number(String(shown).split(' ')[0])).toBeGreaterThanOrEqual(saved);
        await client.text(...writeAll(++generation));
        await client.text('SAVE');
        saved = generation;
        // From here on saves follow each other, and writes come between them, until the end at any moment.
        const endAtMs = performance.now() + random.below(400);
        const foreground = random.below(3) === 0;
        while (performance.now() < endAtMs) {
          await client.text(...writeAll(++generation));
          await client.call(foreground ? 'SAVE' : 'BGSAVE');
        }
        const saving = foreground ? client.call('SAVE').catch(() => undefined) : undefined;
        node.child.kill('SIGKILL');
        await saving;
        client.close();
      } finally {
        node.child.kill('SIGKILL');
        await node.ended;
      }
      const temp = readdirSync(dir).some((name) => name.startsWith('temp-'));
      if (temp) killedWhileSaving++;
      expect(existsSync(join(dir, 'dump.rdb'))).toBe(true);
      const generations = new Set(
        [...keysOfRdb(join(dir, 'dump.rdb')).values()].map((value) => Number(String(value).split(' ')[0])),
      );
      expect(generations.size).toBe(1);
      const [found = 0] = generations;
      expect(found).toBeGreaterThanOrEqual(saved);
      expect(found).toBeLessThanOrEqual(generation);
      // The process that wrote for it is alone now, and leaves nothing behind that could be taken for the data set.
      await until(
        () => readdirSync(dir).filter((name) => name !== `temp-${node.child.pid}.rdb`).length <= 1,
        'the end of the writing process',
      );
      rmSync(join(dir, `temp-${node.child.pid}.rdb`), { force: true });
      expect(new Set(keysOfRdb(join(dir, 'dump.rdb')).values()).size).toBe(1);
    }
    // Not all of the kills came between two saves.
    expect(killedWhileSaving).toBeGreaterThan(0);
  }, 600_000);
});
