/** Owns the list of connections of one node. */
import type { MasterSession, Session } from '../dispatch/session.ts';
import type { Clients } from '../parts/node.ts';
import type { Connection } from './connection.ts';

export class ClientRegistry implements Clients {
  readonly #byId = new Map<number, Connection>();
  #nextId = 1;
  /** Clients that wait: for the reply of a command, or held back. */
  blockedCount = 0;
  /** Kept by the connections. */
  memoryBytes = 0;

  get count(): number {
    return this.#byId.size;
  }

  takeId(): number {
    return this.#nextId++;
  }

  add(connection: Connection): void {
    this.#byId.set(connection.id, connection);
  }

  remove(connection: Connection): void {
    this.#byId.delete(connection.id);
  }

  /** The session of the master's stream: a client like the others while its connection is there. */
  master: MasterSession | undefined;

  *listed(): Iterable<Session> {
    yield* this.#byId.values();
    if (this.master?.connection !== undefined) yield this.master;
  }

  all(): Iterable<Connection> {
    return this.#byId.values();
  }

  byId(id: number): Connection | undefined {
    return this.#byId.get(id);
  }
}
