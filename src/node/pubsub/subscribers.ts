/** Owns who listens to which names of one kind, by name. Source: Redis pubsub.c, server.pubsub_channels. */
import type { Session } from '../dispatch/session.ts';

const nobody: ReadonlySet<Session> = new Set();

export class SubscriberTable {
  readonly #byName = new Map<string, Set<Session>>();

  get size(): number {
    return this.#byName.size;
  }

  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  entries(): IterableIterator<[name: string, subscribers: ReadonlySet<Session>]> {
    return this.#byName.entries();
  }

  /** In the order in which they came. */
  of(name: string): ReadonlySet<Session> {
    return this.#byName.get(name) ?? nobody;
  }

  /** True when it is the first one of the name. */
  add(name: string, client: Session): boolean {
    const present = this.#byName.get(name);
    if (present !== undefined) {
      present.add(client);
      return false;
    }
    this.#byName.set(name, new Set([client]));
    return true;
  }

  /** True when it was the last one. Names that nobody listens to take no memory. */
  remove(name: string, client: Session): boolean {
    const present = this.#byName.get(name);
    if (present === undefined || !present.delete(client) || present.size > 0) return false;
    this.#byName.delete(name);
    return true;
  }
}
