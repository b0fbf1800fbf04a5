import { describe, expect, it } from 'vitest';
import { moveThroughFailover } from '../helpers/failover-scene.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';

/** `npm run test:failovers` does many more. */
describe.skipIf(skipWithoutRedisServer)(
  `a master that is killed in the middle of a move${redisServerNote}`,
  () => {
    it.each(['source', 'target'] as const)(
      'costs no write that was acknowledged and replicated (%s)',
      async (victim) => {
        const found = await moveThroughFailover(victim, 20_251_120);
        expect(found).toMatchObject({ outcome: 'done', lost: [], errors: [] });
        expect(found.acknowledged).toBeGreaterThan(500);
        expect(found.movedAfter).toBeGreaterThan(0);
      },
      60_000,
    );
  },
);
