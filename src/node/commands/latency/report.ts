/** Owns the report of LATENCY DOCTOR. Source: the figures of Redis latency.c createLatencyReport; the words are our own. */
import type { LatencySeries } from '../../observe/latency-events.ts';
import type { Config } from '../../parts/basics.ts';

const DISABLED =
  'Latency monitoring is disabled. Use "CONFIG SET latency-monitor-threshold <milliseconds>" to enable it.\n';
const NOTHING = 'No latency spikes have been observed so far.\n';

/** What may help against an event. */
const adviceOf: Readonly<Record<string, readonly string[]>> = {
  command: [
    'Look into the slow log (SLOWLOG GET) for the commands that take long.',
    'Commands on large values, scripts among them, keep all others waiting: divide the values, or the work.',
  ],
  'fast-command': [
    'Even brief commands took long, so the process did not get the processor: lower the load of the machine.',
    'A garbage collection can be the reason too: keep fewer or smaller values in one node.',
  ],
  'command-unblocking': ['Many clients wait for the same keys: let fewer of them wait, or use more keys.'],
  'aof-fsync-always': [
    'Each write waits for the disk: "appendfsync everysec" lets it wait no more than now and then.',
  ],
  'aof-write-active-child': ['Saves have the disk busy: let them run when there are fewer writes.'],
  'aof-write-pending-fsync': ['The disk is slower than the writes: use a local one, or a faster one.'],
  'aof-write-alone': ['The disk is slower than the writes: use a local one, or a faster one.'],
  'expire-cycle': [
    'Many keys expire at the same time: spread their times to live, or lower active-expire-effort.',
  ],
};

function statistics({ event, samples, maxMs }: LatencySeries, number: number, nowSeconds: number): string {
  const count = samples.length;
  const average = Math.trunc(samples.reduce((sum, { latencyMs }) => sum + latencyMs, 0) / count);
  const deviations = samples.reduce((sum, { latencyMs }) => sum + Math.abs(average - latencyMs), 0);
  const periodSeconds = Math.max(1, nowSeconds - (samples[0]?.timeSeconds ?? nowSeconds));
  return (
    `${number}. ${event}: ${count} latency spikes (average ${average}ms, mean deviation ${Math.trunc(deviations / count)}ms, ` +
    `period ${(periodSeconds / count).toFixed(2)} sec). Worst all time event ${maxMs}ms.\n`
  );
}

/** What the slow log would have to be told, so that it shows the commands that are meant. */
function slowLogAdvice(config: Config): string[] {
  const thresholdMs = config.number('latency-monitor-threshold');
  const slowerThan = config.number('slowlog-log-slower-than');
  const wanted = `"CONFIG SET slowlog-log-slower-than ${thresholdMs * 1000}"`;
  if (slowerThan < 0) return [`The slow log is disabled: ${wanted} enables it.`];
  if (Math.trunc(slowerThan / 1000) <= thresholdMs) return [];
  return [`The slow log leaves out commands that are slow enough to be observed here: ${wanted}.`];
}

export function latencyReport(all: readonly LatencySeries[], config: Config, nowSeconds: number): string {
  if (all.length === 0) return config.number('latency-monitor-threshold') === 0 ? DISABLED : NOTHING;
  const observed = all.map((series, i) => statistics(series, i + 1, nowSeconds));
  const advice = new Set<string>();
  for (const { event } of all) {
    if (event === 'command') for (const line of slowLogAdvice(config)) advice.add(line);
    for (const line of adviceOf[event] ?? []) advice.add(line);
  }
  return `Latency spikes have been observed:\n\n${observed.join('')}\nWhat may help:\n\n${[...advice].map((line) => `- ${line}\n`).join('')}`;
}
