/**
 * Owns clients that write new keys into a cluster while its nodes are killed, and remember which of them a replica has
 * confirmed (WAIT 1): those must be there at the end, whoever is master then.
 */

import { messageOf } from '../../src/core/errors.ts';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { RawConnection } from './raw-connection.ts';

/** A client that follows redirections, and asks again whoever answers. */
class Client {
  readonly #ports: readonly number[];
  readonly #connections = new Map<number, RawConnection>();
  readonly #owners = new Map<number, number>();

  constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** The reply of a command about a key, and where it came from. Throws when nobody answers it for ten seconds. */
  async ask(key: string, command: readonly string[]): Promise<{ reply: unknown; connection: RawConnection }> {
    const slot = keySlot(key);
    const deadlineMs = performance.now() + 10_000;
    let asking: number | undefined;
    for (let round = 0; performance.now() < deadlineMs; round++) {
      const port = asking ?? this.#owners.get(slot) ?? this.#ports[round % this.#ports.length] ?? 0;
      try {
        const connection = await this.#at(port);
        const replies = await inTime(
          connection.pipeline(asking === undefined ? [[...command]] : [['ASKING'], [...command]]),
        );
        const reply = replies.at(-1);
        asking = undefined;
        if (!(reply instanceof Error)) return { reply, connection };
        const [word, , address = ''] = reply.message.split(' ');
        const to = Number(address.slice(address.lastIndexOf(':') + 1));
        if (word === 'ASK') asking = to;
        else if (word === 'MOVED') this.#owners.set(slot, to);
        else await pause();
      } catch {
        asking = undefined;
        this.#connections.delete(port);
        this.#owners.delete(slot);
        await pause();
      }
    }
    throw new Error(`nobody answers for ${key}`);
  }

  async get(key: string): Promise<string> {
    const { reply } = await this.ask(key, ['GET', key]);
    return String(reply);
  }

  /** Whether the write was acknowledged by the master and a replica. */
  async set(key: string, value: string): Promise<boolean> {
    const { reply, connection } = await this.ask(key, ['SET', key, value]);
    if (String(reply) !== 'OK') return false;
    try {
      return Number(await inTime(connection.text('WAIT', 1, 500))) >= 1;
    } catch {
      // The next command would wait for ever on it.
      for (const [port, known] of this.#connections) if (known === connection) this.#connections.delete(port);
      return false;
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #at(port: number): Promise<RawConnection> {
    let connection = this.#connections.get(port);
    if (connection === undefined) {
      connection = await RawConnection.open(port);
      this.#connections.set(port, connection);
    }
    return connection;
  }
}

/** A connection that was closed while nothing was asked does not answer at all. */
function inTime<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), 2000);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

export interface Writers {
  /** So many are confirmed by now. */
  readonly confirmed: number;
  /** Ends the writers; what they wrote and had confirmed, by key. */
  stop(): Promise<ReadonlyMap<string, string>>;
}

/** Each key is written once, under these hash tags: what is read at the end is what was written, or was lost. */
export function startWriters(ports: readonly number[], tags: readonly string[], count: number): Writers {
  const acknowledged = new Map<string, string>();
  let running = true;
  const write = async (writer: number): Promise<void> => {
    const client = new Client(ports);
    for (let round = 0; running; round++) {
      const tag = tags[(round * 7 + writer * 53) % tags.length];
      const [key, value] = [`{${tag}}:w${writer}.${round}`, `${writer}.${round}`];
      try {
        if (await client.set(key, value)) acknowledged.set(key, value);
      } catch {
        // Nobody answered for it: not acknowledged.
      }
    }
    client.close();
  };
  const loops = Array.from({ length: count }, (_, writer) => write(writer));
  return {
    get confirmed() {
      return acknowledged.size;
    },
    async stop() {
      running = false;
      await Promise.all(loops);
      return acknowledged;
    },
  };
}

/** Up to five of the keys that are not there, each with what is there instead. */
export async function lostOf(
  ports: readonly number[],
  acknowledged: ReadonlyMap<string, string>,
): Promise<string[]> {
  const client = new Client(ports);
  const lost: string[] = [];
  for (const [key, value] of acknowledged) {
    const found = await client.get(key).catch((error: unknown) => error);
    if (found !== value) lost.push(`${key}: ${messageOf(found)}`);
    // Each key that nobody answers for takes its time.
    if (lost.length === 5) break;
  }
  client.close();
  return lost;
}
