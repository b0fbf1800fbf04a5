/**
 * Owns when replies are sent: those of all connections that were read in one turn of the event loop go out together, after
 * the last of them was read. A client that sleeps on several connections is then woken once, not by each reply.
 * Source: Redis networking.c handleClientsWithPendingWrites, called before the event loop sleeps.
 */

export interface Sender {
  /** Sends what has gathered. */
  send(): void;
}

export class Outbox {
  #waiting: Sender[] = [];
  #planned: NodeJS.Immediate | undefined;

  /** To be called once before each `send`. */
  add(sender: Sender): void {
    this.#waiting.push(sender);
    this.#planned ??= setImmediate(() => this.#sendAll());
  }

  #sendAll(): void {
    // Who is added meanwhile (the readers of a broadcast) is sent to in the same turn.
    for (const sender of this.#waiting) sender.send();
    this.#waiting = [];
    this.#planned = undefined;
  }
}
