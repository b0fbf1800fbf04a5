import { describe, expect, it } from 'vitest';
import { drawGraph } from '../../../../src/node/commands/latency/graph.ts';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const scripts: Record<string, readonly Command[]> = {
  'without any delay': [
    'CONFIG SET latency-monitor-threshold 0',
    'LATENCY RESET',
    'CONFIG GET latency-monitor-threshold',
    'LATENCY LATEST',
    'LATENCY HISTORY command',
    'LATENCY GRAPH command',
    'LATENCY RESET command fork',
    'LATENCY HELP',
    'LATENCY HELP x',
    'LATENCY',
    'LATENCY FOO',
    'LATENCY HISTORY',
    'LATENCY LATEST x',
    'LATENCY DOCTOR x',
  ],
  'distributions of commands': [
    'CONFIG RESETSTAT',
    'LATENCY HISTOGRAM get set nothing client|id config|nothing',
    'CONFIG SET latency-tracking no',
    'GET a',
    'LATENCY HISTOGRAM get',
    'CONFIG SET latency-tracking yes',
  ],
  'delays are forgotten by name': [
    'LATENCY RESET',
    'CONFIG SET latency-monitor-threshold 20',
    'DEBUG SLEEP 0.03',
    'LATENCY RESET COMMAND command nothing',
    'LATENCY RESET',
    'LATENCY LATEST',
    'CONFIG SET latency-monitor-threshold 0',
  ],
};

/** The whole numbers among the lines of a reply. */
const numbers = (reply: string | undefined): number[] =>
  Array.from((reply ?? '').matchAll(/^:(\d+)\r$/gm), ([, digits]) => Number(digits));

describe.skipIf(skipWithoutRedisServer)(`LATENCY beside redis-server${redisServerNote}`, () => {
  const pair = usePair({ directives: ['--enable-debug-command', 'yes'] });
  itAnswersAlike(pair, scripts);

  it('keeps the longest delay of each second, as redis-server does', async () => {
    await pair().reset();
    const commands: Command[] = ['LATENCY RESET', 'CONFIG SET latency-monitor-threshold 10'];
    // More than a second apart, so that each has a second of its own.
    const sleeps = [0.02, 1.05, 0.06, 1.1].map((seconds): Command => ['DEBUG', 'SLEEP', seconds]);
    const { redis, node } = await pair().run([
      ...commands,
      ...sleeps,
      'LATENCY HISTORY command',
      'LATENCY LATEST',
      'LATENCY DOCTOR',
    ]);
    for (const replies of [redis, node]) {
      const history = numbers(replies[6]);
      const latencies = history.filter((_, i) => i % 2 === 1);
      const times = history.filter((_, i) => i % 2 === 0);
      expect(new Set(times).size).toBe(times.length);
      expect(latencies.at(-1)).toBeGreaterThanOrEqual(1100);
      expect(numbers(replies[7])).toEqual([times.at(-1), latencies.at(-1), Math.max(...latencies)]);
      expect(replies[7]).toContain('command');
      expect(replies[8]).toMatch(
        /1\. command: \d+ latency spikes \(average \d+ms, mean deviation \d+ms, period \d+\.\d\d sec\)/,
      );
    }
    expect(Math.abs(numbers(redis[6]).length - numbers(node[6]).length)).toBeLessThanOrEqual(2);
  });

  it('draws the picture that redis-server draws of the same delays', async () => {
    await pair().reset();
    const { redis } = await pair().run([
      'LATENCY RESET',
      'CONFIG SET latency-monitor-threshold 10',
      ...[0.05, 1.01, 0.09, 1.3].map((seconds): Command => ['DEBUG', 'SLEEP', seconds]),
      'LATENCY HISTORY command',
      'TIME',
      'LATENCY GRAPH command',
    ]);
    const history = numbers(redis[6]);
    const samples = Array.from({ length: history.length / 2 }, (_, i) => ({
      timeSeconds: history[2 * i] as number,
      latencyMs: history[2 * i + 1] as number,
    }));
    const maxMs = Math.max(...samples.map(({ latencyMs }) => latencyMs));
    const nowSeconds = Number(redis[7]?.split('\r\n')[2]);
    const picture = redis[8]?.slice(redis[8].indexOf('\r\n') + 2, -2);
    expect(samples.length).toBeGreaterThan(1);
    expect(drawGraph({ event: 'command', samples, maxMs }, nowSeconds)).toBe(picture);
  });

  it('tells how often commands ran, and of subcommands by their container', async () => {
    await pair().reset();
    const { redis, node } = await pair().run([
      'CONFIG RESETSTAT',
      'SET a b',
      'SET a c',
      'CLIENT ID',
      'CLIENT LIST',
      'LATENCY HISTOGRAM set client nothing get',
      'LATENCY HISTOGRAM',
    ]);
    const names = (reply: string | undefined): string[] =>
      Array.from((reply ?? '').matchAll(/\r\n([a-z|]+)\r\n(?:\*4|%2)\r\n/g), ([, name]) => name ?? '').sort();
    for (const replies of [redis, node]) {
      expect(names(replies[5])).toEqual(['client|id', 'client|list', 'set']);
      expect(names(replies[6])).toEqual([
        'client|id',
        'client|list',
        'config|resetstat',
        'latency|histogram',
        'set',
      ]);
      expect(replies[5]).toContain('set\r\n*4\r\n$5\r\ncalls\r\n:2\r\n$14\r\nhistogram_usec\r\n');
    }
  });
});
