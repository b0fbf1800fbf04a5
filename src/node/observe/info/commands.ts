/**
 * Owns the sections of INFO about commands: calls, errors, latencies.
 * Source: Redis server.c genRedisInfoStringCommandStats, genRedisInfoStringLatencyStats.
 */
import type { Command } from '../../command/table.ts';
import type { NodeParts } from '../../parts/node.ts';
import { safeName } from './format.ts';

/** All commands, subcommands behind their containers. */
function every(parts: NodeParts): Command[] {
  return parts.commands.rows.flatMap((command) => [command, ...(command.subcommands ?? [])]);
}

export function commandStats(parts: NodeParts): string[] {
  return every(parts)
    .filter(({ stats }) => stats.calls > 0 || stats.failedCalls > 0 || stats.rejectedCalls > 0)
    .map(({ fullName, stats }) => {
      const { calls, microseconds, rejectedCalls, failedCalls } = stats;
      const perCall = calls === 0 ? 0 : microseconds / calls;
      return (
        `cmdstat_${safeName(fullName)}:calls=${calls},usec=${Math.trunc(microseconds)},usec_per_call=${perCall.toFixed(2)},` +
        `rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`
      );
    });
}

export function errorStats(parts: NodeParts): string[] {
  return [...parts.server.stats.errors]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => `errorstat_${safeName(code)}:count=${count}`);
}

export function latencyStats(parts: NodeParts): string[] {
  if (!parts.config.flag('latency-tracking')) return [];
  const percents = parts.config.text('latency-tracking-info-percentiles').split(' ').filter(Boolean);
  return every(parts).flatMap(({ fullName, stats: { latency } }) => {
    if (latency === undefined) return [];
    const shown = percents.map((percent) => `p${percent}=${latency.percentile(Number(percent)).toFixed(3)}`);
    return [`latency_percentiles_usec_${safeName(fullName)}:${shown.join(',')}`];
  });
}
