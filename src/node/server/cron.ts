/** Owns what happens from time to time: rates, idle clients, soft limits, the peak of memory. Source: Redis server.c serverCron. */
import type { Clock, Timer } from '../../core/clock.ts';
import type { NodeStats } from '../observe/stats.ts';
import type { Config, Log } from '../parts/basics.ts';
import type { KeyWaiters } from '../parts/dispatch.ts';
import type { ClientEviction, MemoryUse } from '../parts/memory.ts';
import type { Tracking } from '../parts/tracking.ts';
import type { ClientRegistry } from './clients.ts';
import type { Stopping } from './stopping.ts';

const periodMs = 100;
/** Clients are looked at once in so many periods. */
const clientPeriods = 10;

export interface CronDeps {
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Log;
  readonly stats: NodeStats;
  readonly clients: ClientRegistry;
  readonly keyWaiters: KeyWaiters;
  readonly tracking: Tracking;
  readonly memory: MemoryUse;
  readonly clientEviction: ClientEviction;
  readonly server: { readonly stopping: Stopping; readonly cron: CronSwitch };
}

/** DEBUG PAUSE-CRON. */
export interface CronSwitch {
  paused: boolean;
}

function tendClients({ clock, config, log, clients, keyWaiters }: CronDeps): void {
  keyWaiters.redirect();
  const nowMs = clock.nowMs();
  const idleLimitMs = config.number('timeout') * 1000;
  for (const client of clients.all()) {
    client.checkLimits();
    client.recount();
    const mayTimeOut =
      idleLimitMs > 0 &&
      (client.kind === 'normal' || client.kind === 'master') &&
      !client.blocked &&
      !client.monitor;
    if (mayTimeOut && nowMs - client.lastInteractionMs > idleLimitMs) {
      log('verbose', 'Closing idle client');
      client.destroy();
    }
  }
}

export function startCron(deps: CronDeps): Timer {
  const { clock, stats, server } = deps;
  let ticks = 0;
  return clock.every(periodMs, () => {
    if (server.cron.paused) return;
    server.stopping.tick();
    deps.tracking.keepToLimit();
    deps.clientEviction.run();
    const nowMs = clock.monotonicMs();
    stats.commandRate.sample(stats.commandsProcessed, nowMs);
    stats.inputRate.sample(stats.netInputBytes, nowMs);
    stats.outputRate.sample(stats.netOutputBytes, nowMs);
    stats.replicationInputRate.sample(stats.replicationInputBytes, nowMs);
    stats.replicationOutputRate.sample(stats.replicationOutputBytes, nowMs);
    stats.peakMemoryBytes = Math.max(stats.peakMemoryBytes, deps.memory.usedBytes);
    if (++ticks % clientPeriods === 0) tendClients(deps);
  });
}
