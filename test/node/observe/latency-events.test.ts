import { describe, expect, it } from 'vitest';
import { drawGraph } from '../../../src/node/commands/latency/graph.ts';
import { latencyReport } from '../../../src/node/commands/latency/report.ts';
import { LatencyEvents } from '../../../src/node/observe/latency-events.ts';
import type { Config } from '../../../src/node/parts/basics.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

function events(thresholdMs: number): { clock: VirtualClock; config: Config; events: LatencyEvents } {
  const clock = new VirtualClock();
  const numbers: Record<string, number> = {
    'latency-monitor-threshold': thresholdMs,
    'slowlog-log-slower-than': -1,
  };
  const config = { number: (name: string) => numbers[name], onChange: () => {} } as unknown as Config;
  return { clock, config, events: new LatencyEvents(config, clock) };
}

describe('LatencyEvents', () => {
  it('keeps what takes as long as the threshold says, and nothing without one', () => {
    const { events: kept } = events(10);
    kept.add('command', 9999);
    expect(kept.find('command')).toBeUndefined();
    kept.add('command', 10_000);
    expect(kept.find('command')?.samples.map(({ latencyMs }) => latencyMs)).toEqual([10]);
    const { events: off } = events(0);
    off.add('command', 1e9);
    expect([...off.all()]).toEqual([]);
  });

  it('keeps the longest of each second, in the last 160 of them', () => {
    const { clock, events: kept } = events(1);
    for (let second = 0; second < 200; second++) {
      kept.add('command', (second + 2) * 1000);
      kept.add('command', (second + 5) * 1000);
      kept.add('command', (second + 3) * 1000);
      clock.advance(1000);
    }
    kept.add('fork', 3000);
    const series = kept.find('command');
    expect(series?.samples.length).toBe(160);
    expect(series?.samples[0]?.latencyMs).toBe(45);
    expect(series?.samples.at(-1)?.latencyMs).toBe(204);
    expect(series?.maxMs).toBe(204);
    expect(kept.reset('FORK')).toBe(1);
    expect(kept.reset()).toBe(1);
    expect([...kept.all()]).toEqual([]);
  });
});

describe('what LATENCY makes of events', () => {
  it('draws bars by height, with the age of each below, in pieces of 80', () => {
    const samples = Array.from({ length: 90 }, (_, i) => ({
      timeSeconds: 1000 + i,
      latencyMs: 10 + (i % 12),
    }));
    const lines = drawGraph({ event: 'x', samples, maxMs: 99 }, 1089 + 3600).split('\n');
    expect(lines[0]).toBe('x - high 21 ms, low 10 ms (all time high 99 ms)');
    expect(lines.slice(2, 6).map((line) => line.slice(0, 12))).toEqual([
      '         _o#',
      '      _o#|||',
      '   _o#||||||',
      '_o#|||||||||',
    ]);
    expect(lines[2]?.length).toBe(80);
    expect(lines.slice(7, 9).map((line) => line.slice(0, 2))).toEqual(['11', 'hh']);
    expect(lines.at(-4)?.length).toBe(10);
  });

  it('reports what was seen and what may help', () => {
    const { config, events: kept } = events(100);
    expect(latencyReport([], config, 0)).toContain('No latency spikes');
    expect(latencyReport([], events(0).config, 0)).toContain('disabled');
    kept.add('command', 300_000);
    const report = latencyReport([...kept.all()], config, 1_700_000_004);
    expect(report).toContain(
      '1. command: 1 latency spikes (average 300ms, mean deviation 0ms, period 4.00 sec). Worst all time event 300ms.\n',
    );
    expect(report).toContain('CONFIG SET slowlog-log-slower-than 100000');
  });
});
