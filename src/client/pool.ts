/** Owns the clients of one operation: one a node, made when first asked for, closed together. */
import type { Clock } from '../core/clock.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import { type ClientOptions, NodeClient } from './node-client.ts';

export class ClientPool {
  readonly clock: Clock;
  readonly options: ClientOptions;
  readonly #clients = new Map<string, NodeClient>();

  constructor(options: ClientOptions, clock: Clock) {
    this.options = options;
    this.clock = clock;
  }

  /** The client of the node there. With a `purpose`, one of its own: for requests that others must not wait for. */
  at(address: Address, purpose = ''): NodeClient {
    const name = `${formatAddress(address)} ${purpose}`;
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = new NodeClient(address, this.options, this.clock);
      this.#clients.set(name, client);
    }
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
