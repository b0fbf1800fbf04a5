import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import type { CommandStats } from '../../../src/node/command/table.ts';
import { CallTimer } from '../../../src/node/dispatch/call-timer.ts';

describe('CallTimer', () => {
  let monotonicMs: number;
  let asked: number;
  let timer: CallTimer;
  const newStats = (): CommandStats => ({
    calls: 0,
    microseconds: 0,
    rejectedCalls: 0,
    failedCalls: 0,
    latency: undefined,
  });

  beforeEach(() => {
    monotonicMs = 1000;
    asked = 0;
    const clock: Pick<Clock, 'nowMs' | 'monotonicMs'> = {
      nowMs: () => 1_700_000_000_000 + monotonicMs,
      monotonicMs: () => {
        asked++;
        return monotonicMs;
      },
    };
    timer = new CallTimer({ ...clock, after: () => ({ cancel() {} }), every: () => ({ cancel() {} }) });
    timer.begin();
    asked = 0;
  });

  it('lets a run of brief commands share its time, and asks the clock once', () => {
    const [get, set] = [newStats(), newStats()];
    for (const stats of [get, get, set, get]) timer.brief(stats);
    monotonicMs += 0.008;
    timer.settle();
    timer.settle();
    expect(asked).toBe(1);
    expect([get.calls, set.calls]).toEqual([3, 1]);
    expect(get.microseconds).toBeCloseTo(6);
    expect(set.microseconds).toBeCloseTo(2);
    expect(get.latency?.count).toBe(3);
    expect(set.latency?.percentile(50)).toBeCloseTo(2, 1);
  });

  it('times others one by one, beginning where the last one ended', () => {
    const [get, slow] = [newStats(), newStats()];
    timer.brief(get);
    monotonicMs += 0.004;
    timer.settle();
    const startedMs = timer.markMs;
    monotonicMs += 5;
    expect(timer.timed(slow, startedMs, true)).toBeCloseTo(5000);
    expect(get.microseconds).toBeCloseTo(4);
    expect(slow).toMatchObject({ calls: 1 });
    expect(timer.unixMs()).toBe(Math.floor(1_700_000_000_000 + monotonicMs));
  });

  it('keeps no duration of what still waits, nor when it is not wanted', () => {
    const stats = newStats();
    timer.timed(stats, timer.markMs, false);
    timer.tracksLatency = false;
    timer.timed(stats, timer.markMs, true);
    expect(stats.calls).toBe(2);
    expect(stats.latency).toBeUndefined();
  });
});
