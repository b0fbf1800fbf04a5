/**
 * Owns who has each slot right now, for those who send keys to their masters: from a survey at first, then from what
 * nodes reply (MOVED), and from another survey when a master is gone.
 */
import type { ClientPool } from '../client/pool.ts';
import { slotOwners } from '../cluster/topology.ts';
import { type Clock, delay } from '../core/clock.ts';
import { type Address, formatAddress, parseAddress } from '../protocol/text/addresses.ts';
import { survey } from './survey.ts';

/** Where a reply sends a key. */
export interface Redirection {
  /** "ASK": for this once. */
  readonly kind: 'MOVED' | 'ASK';
  readonly slot: number;
  readonly address: Address;
}

const leastPauseMs = 500;

export class SlotOwners {
  readonly #pool: ClientPool;
  readonly #clock: Clock;
  #seeds: readonly Address[];
  #owners: (Address | undefined)[] = [];
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #announced = new Map<string, Address>();

  constructor(pool: ClientPool, clock: Clock, seeds: readonly Address[]) {
    this.#pool = pool;
    this.#clock = clock;
    this.#seeds = seeds;
  }

  /** Undefined: nobody's. */
  of(slot: number): Address | undefined {
    return this.#owners[slot];
  }

  /** Where other machines reach a master that was asked at this address. */
  announced(address: Address): Address {
    return this.#announced.get(formatAddress(address)) ?? address;
  }

  learn({ slot, address }: Redirection): void {
    this.#owners[slot] = address;
  }

  /** Asks the cluster anew; not more often than makes sense. Throws a TribError when no node answers. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const waitMs = this.#askedMs + leastPauseMs - this.#clock.monotonicMs();
    if (waitMs > 0) await delay(this.#clock, waitMs);
    this.#askedMs = this.#clock.monotonicMs();
    const topology = await survey(this.#pool, this.#seeds);
    this.#owners = slotOwners(topology).map((owner) => owner?.address);
    this.#announced = new Map(
      topology.nodes
        .filter(({ ip }) => ip !== '')
        .map(({ address, ip }) => [formatAddress(address), { host: ip, port: address.port }]),
    );
    this.#seeds = topology.nodes.map(({ address }) => address);
  }
}

/** From "MOVED 3999 127.0.0.1:6381", wherever it stands in an error; a host that is left out is that of `from`. */
export function redirectionIn(message: string, from: Address): Redirection | undefined {
  const [, kind, slot, place = ''] = /\b(MOVED|ASK) (\d+) (\S*:\d+)/.exec(message) ?? [];
  if (kind !== 'MOVED' && kind !== 'ASK') return undefined;
  const { host, port } = parseAddress(bracketed(place));
  const isLeftOut = place.startsWith(':') || place.startsWith('?:');
  return { kind, slot: Number(slot), address: { host: isLeftOut ? from.host : host, port } };
}

/** Nodes write IPv6 without brackets. */
function bracketed(place: string): string {
  const colon = place.lastIndexOf(':');
  const host = place.slice(0, colon);
  return host.includes(':') && !host.startsWith('[') ? `[${host}]${place.slice(colon)}` : place;
}
