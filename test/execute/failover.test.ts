import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/local/engine.ts';
import { moveThroughFailover } from '../helpers/failover-scene.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';

/** `npm run test:failovers` does many more. */
async function expectNothingLost(victim: 'source' | 'target', engine: Engine): Promise<void> {
  const found = await moveThroughFailover(victim, 20_251_120, engine);
  expect(found).toMatchObject({ outcome: 'done', lost: [], errors: [] });
  expect(found.acknowledged).toBeGreaterThan(500);
  expect(found.movedAfter).toBeGreaterThan(0);
}

describe('a master that is killed in the middle of a move costs no write that was acknowledged and replicated', () => {
  it.each(['source', 'target'] as const)(
    'of bundled nodes (%s)',
    (victim) => expectNothingLost(victim, 'bundled'),
    60_000,
  );

  it.skipIf(skipWithoutRedisServer).each(['source', 'target'] as const)(
    `of redis-servers (%s)${redisServerNote}`,
    (victim) => expectNothingLost(victim, 'redis-server'),
    60_000,
  );
});
