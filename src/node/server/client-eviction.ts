/**
 * Owns the eviction of clients: while all of them together take more than maxmemory-clients, the one that takes most is sent away,
 * save those that said CLIENT NO-EVICT. Source: Redis networking.c evictClients, getClientEvictionLimit.
 */
import type { Clock } from '../../core/clock.ts';
import type { Session } from '../dispatch/session.ts';
import type { NodeStats } from '../observe/stats.ts';
import type { Config, Log } from '../parts/basics.ts';
import type { ClientEviction } from '../parts/memory.ts';
import type { ClientRegistry } from './clients.ts';
import { describeClient } from './describe.ts';

/** With less, nobody could talk to the node. */
const LEAST_LIMIT_BYTES = 128 * 1024;

export interface ClientEvictionDeps {
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Log;
  readonly stats: NodeStats;
  readonly clients: ClientRegistry;
}

export class LargestClients implements ClientEviction {
  limitBytes = 0;
  readonly #deps: ClientEvictionDeps;

  constructor(deps: ClientEvictionDeps) {
    this.#deps = deps;
    const { config } = deps;
    const read = (): void => {
      const percent = /^(\d+)%$/.exec(config.text('maxmemory-clients'))?.[1];
      const bytes =
        percent === undefined
          ? config.number('maxmemory-clients')
          : Math.floor((config.number('maxmemory') * Number(percent)) / 100);
      this.limitBytes = bytes === 0 ? 0 : Math.max(LEAST_LIMIT_BYTES, bytes);
    };
    read();
    for (const name of ['maxmemory-clients', 'maxmemory']) config.onChange(name, read);
  }

  run(requester?: Session): boolean {
    const { clients } = this.#deps;
    if (this.limitBytes === 0 || clients.memoryBytes <= this.limitBytes) return false;
    // Some may have been relieved since they were counted.
    for (const client of clients.all()) client.recount();
    if (clients.memoryBytes <= this.limitBytes) return false;
    const { clock, log, stats } = this.#deps;
    const largestFirst = [...clients.all()]
      .filter(({ kind, noEvict }) => (kind === 'normal' || kind === 'pubsub') && !noEvict)
      .sort((a, b) => b.memoryBytes - a.memoryBytes);
    for (const client of largestFirst) {
      if (clients.memoryBytes <= this.limitBytes) break;
      log('notice', `Evicting client: ${describeClient(client, clock.nowMs())}`);
      client.destroy();
      stats.evictedClients++;
    }
    if (clients.memoryBytes > this.limitBytes)
      log('warning', 'Over client maxmemory after evicting all evictable clients');
    return requester !== undefined && largestFirst.some((client) => client === requester && client.closing);
  }
}
