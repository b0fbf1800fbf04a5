import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigStore } from '../../../src/node/config/store.ts';
import type { RawConnection } from '../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

/** What each server was started with, and so cannot be the same. */
const ofTheProcess = ['port', 'dir', 'bind', 'save', 'enable-debug-command', 'logfile'];
const hidden = [
  'use-exit-on-panic',
  'rdb-key-save-delay',
  'key-load-delay',
  'watchdog-period',
  'loading-process-events-interval-bytes',
];

async function configOf(client: RawConnection, ...names: string[]): Promise<Record<string, string>> {
  const flat = (await client.call('CONFIG', 'GET', ...names)) as Buffer[];
  const values: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) values[String(flat[i])] = String(flat[i + 1]);
  return values;
}

describe.skipIf(skipWithoutRedisServer)(
  `the table of directives beside redis-server${redisServerNote}`,
  () => {
    let redis: Standalone;
    beforeAll(async () => {
      redis = await startStandalone('redis-server');
    });
    afterAll(() => redis.stop());

    it('has the same names and the same defaults', async () => {
      const theirs = { ...(await configOf(redis.client, '*')), ...(await configOf(redis.client, ...hidden)) };
      const ours = Object.fromEntries(new ConfigStore().matching(['*', ...hidden]));
      for (const name of ofTheProcess) {
        expect(Object.keys(ours)).toContain(name);
        delete theirs[name];
        delete ours[name];
      }
      expect(ours).toEqual(theirs);
    });

    it('knows which cannot be changed at run time', async () => {
      const store = new ConfigStore();
      const asker = { loading: false, mayChangeProtected: false };
      for (const [name] of store.matching(['*', ...hidden])) {
        const refusal = store.setAll([[name, 'certainly-no-value']], asker);
        // Text takes any value; applying it to the running redis-server is not the point here.
        if (refusal === undefined) continue;
        const answer = await redis.client.call('CONFIG', 'SET', name, 'certainly-no-value');
        expect({ name, refusal }).toEqual({
          name,
          refusal: answer instanceof Error ? answer.message : answer,
        });
      }
    });
  },
);
