import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { humanBytes } from '../../../src/node/observe/info/format.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

/** Sections with the names of their fields; names that depend on what happened have their varying part cut. */
function fieldsOf(info: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  for (const part of info.split('\r\n\r\n')) {
    const [title = '', ...lines] = part.split('\r\n').filter((line) => line !== '');
    sections.set(
      title,
      lines.map((line) => line.slice(0, line.indexOf(':'))),
    );
  }
  return sections;
}

describe('humanBytes', () => {
  it.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1.00K'],
    [916352, '894.88K'],
    [25276510208, '23.54G'],
  ])('%i is %s', (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text);
  });
});

describe.skipIf(skipWithoutRedisServer)(`INFO beside redis-server${redisServerNote}`, () => {
  let redis: Standalone;
  let node: Standalone;
  beforeAll(async () => {
    [redis, node] = await Promise.all([startStandalone('redis-server'), startStandalone('bundled')]);
    for (const { client } of [redis, node]) {
      await client.text('SET', 'a', 1);
      await client.text('SET', 'b', 1, 'EX', 100);
      await client.call('INCR', 'a', 'wrong');
    }
  });
  afterAll(async () => {
    await redis.stop();
    await node.stop();
  });

  it.each([
    [[]],
    [['all']],
    [['everything']],
    [['default', 'commandstats']],
    [['Keyspace', 'cluster', 'none']],
  ])('has the same sections for %j, and no field that Redis does not have', async (names) => {
    const theirs = fieldsOf(await redis.client.text('INFO', ...names));
    const ours = fieldsOf(await node.client.text('INFO', ...names));
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    for (const [title, fields] of ours) {
      const known = theirs.get(title) ?? [];
      // Which commands were called depends on the test's own questions.
      const unknown = fields.filter(
        (field) => !known.includes(field) && !/^(?:cmdstat|latency_percentiles)_/.test(field),
      );
      expect({ title, unknown }).toEqual({ title, unknown: [] });
    }
  });

  it('has what tools read', async () => {
    const fields = [...fieldsOf(await node.client.text('INFO', 'everything')).values()].flat();
    for (const field of [
      ...[
        'redis_version',
        'redis_mode',
        'process_id',
        'run_id',
        'tcp_port',
        'uptime_in_seconds',
        'config_file',
      ],
      ...[
        'connected_clients',
        'blocked_clients',
        'maxclients',
        'used_memory',
        'used_memory_rss',
        'maxmemory',
      ],
      ...[
        'loading',
        'rdb_bgsave_in_progress',
        'rdb_changes_since_last_save',
        'aof_enabled',
        'aof_rewrite_in_progress',
      ],
      ...[
        'total_commands_processed',
        'instantaneous_ops_per_sec',
        'total_error_replies',
        'sync_full',
        'sync_partial_ok',
      ],
      ...['expired_keys', 'keyspace_hits', 'total_forks', 'role', 'connected_slaves', 'master_replid'],
      ...['master_repl_offset', 'repl_backlog_size', 'used_cpu_sys', 'cluster_enabled', 'db0', 'cmdstat_set'],
      ...['errorstat_ERR', 'latency_percentiles_usec_set'],
    ])
      expect(fields).toContain(field);
    expect(await node.info('redis_version')).toBe('7.0.15');
    expect(await node.info('db0')).toMatch(/^keys=2,expires=1,avg_ttl=\d+$/);
    expect(await node.info('cmdstat_set')).toMatch(
      /^calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=0,failed_calls=0$/,
    );
    expect(await node.info('cmdstat_incr')).toMatch(
      /^calls=0,usec=0,usec_per_call=0\.00,rejected_calls=1,failed_calls=0$/,
    );
    expect(await node.info('latency_percentiles_usec_set')).toMatch(
      /^p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}$/,
    );
  });
});
