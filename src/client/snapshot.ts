/**
 * Owns the reading of a node's data set as one RDB file: the node is asked for it as by a replica, and sends it as it is
 * at one moment. Nothing is held here but what is on its way. Source: Redis replication.c syncCommand, redis-cli.c getRDB.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { messageOf, TribError } from '../core/errors.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import { type Command, ConnectionLost, encodeCommands } from './command.ts';
import type { NodeClient } from './node-client.ts';

export interface SnapshotOptions {
  readonly clock: Clock;
  /** A node that prepares its snapshot says so every second or more often; one silent for so long is given up. */
  readonly silenceMs: number;
  /** Aborted: the transfer ends with an error. */
  readonly signal?: AbortSignal;
}

export interface Snapshot {
  /** Of the file; undefined when the node does not know before its end. */
  readonly sizeBytes: number | undefined;
  /** The file, piece by piece. Throws a TribError when it does not come to its end. */
  readonly pieces: AsyncGenerator<Buffer, void>;
  /** Ends the transfer, whether its pieces were read or not. */
  close(): void;
}

const MARK_BYTES = 40;
const longestHeaderBytes = 4096;

/** Only the file is wanted, not what is written after it; and its end may be a mark. Older servers know neither. */
const preparations: readonly Command[] = [
  ['REPLCONF', 'rdb-only', 1],
  ['REPLCONF', 'capa', 'eof'],
];

/** Uses up the connection of `client`. Resolves when the node begins to send. Throws a TribError. */
export async function readSnapshot(client: NodeClient, options: SnapshotOptions): Promise<Snapshot> {
  const connection = await client.connect();
  for (const command of preparations) await connection.send([command], options.silenceMs);
  const incoming = new Incoming(client.address, connection.detach(), options);
  try {
    incoming.send(['SYNC']);
    const header = await incoming.line();
    const mark = new RegExp(`^\\$EOF:(.{${MARK_BYTES}})`).exec(header)?.[1];
    const size = /^\$(\d{1,15})\r?$/.exec(header)?.[1];
    const close = (): void => incoming.close();
    if (mark !== undefined) return { sizeBytes: undefined, pieces: untilMark(incoming, mark), close };
    if (size !== undefined)
      return { sizeBytes: Number(size), pieces: untilSize(incoming, Number(size)), close };
    throw refused(client.address, header);
  } catch (error) {
    incoming.close();
    throw error;
  }
}

function refused(address: Address, header: string): TribError {
  const reason = header.replace(/^-/, '').trim();
  const isRight = /^(NOAUTH|NOPERM|WRONGPASS)\b/.test(reason);
  return new TribError(
    isRight ? 'auth' : 'failed',
    `${formatAddress(address)} gave no snapshot: ${reason}`,
    isRight ? { hint: 'The user needs the commands SYNC and REPLCONF.' } : {},
  );
}

async function* untilSize(incoming: Incoming, sizeBytes: number): AsyncGenerator<Buffer, void> {
  try {
    for (let left = sizeBytes; left > 0; ) {
      const piece = (await incoming.next()).subarray(0, left);
      left -= piece.length;
      yield piece;
    }
  } finally {
    incoming.close();
  }
}

/** The mark may come in pieces, so as many bytes are held back until it is known that they are not its beginning. */
async function* untilMark(incoming: Incoming, mark: string): AsyncGenerator<Buffer, void> {
  let held: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const piece = await incoming.next();
      if (piece.length < MARK_BYTES) held = Buffer.concat([held, piece]);
      else {
        if (held.length > 0) yield held;
        held = piece;
      }
      const end = held.length - MARK_BYTES;
      if (end < 0) continue;
      if (end > 0) yield held.subarray(0, end);
      held = Buffer.from(held.subarray(end));
      if (held.latin1Slice() === mark) return;
    }
  } finally {
    incoming.close();
  }
}

/** The bytes of a socket, taken when they are wanted: what is not taken waits at the node. */
class Incoming {
  readonly #address: Address;
  readonly #socket: Socket;
  readonly #options: SnapshotOptions;
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #onAbort = (): void => {
    this.#socket.destroy(new Error('the operator ended it'));
  };
  #left: Buffer = Buffer.alloc(0);

  constructor(address: Address, socket: Socket, options: SnapshotOptions) {
    this.#address = address;
    this.#socket = socket;
    this.#options = options;
    this.#pieces = socket[Symbol.asyncIterator]();
    // The iterator tells of it, or nobody is listening any more.
    socket.on('error', () => {});
    options.signal?.addEventListener('abort', this.#onAbort);
    if (options.signal?.aborted === true) this.#onAbort();
  }

  send(command: Command): void {
    this.#socket.write(encodeCommands([command]));
  }

  /** The next line that is not empty: a node that takes its time sends empty ones. */
  async line(): Promise<string> {
    for (let bytes = await this.next(); ; bytes = Buffer.concat([bytes, await this.next()])) {
      let start = 0;
      while (bytes[start] === 10) start++;
      const end = bytes.indexOf(10, start);
      if (end >= 0) {
        this.#left = bytes.subarray(end + 1);
        return bytes.latin1Slice(start, end);
      }
      bytes = bytes.subarray(start);
      if (bytes.length > longestHeaderBytes) throw this.#lost('it sent something that is no snapshot');
    }
  }

  /** At least one byte. Throws a ConnectionLost. */
  async next(): Promise<Buffer> {
    const left = this.#left;
    if (left.length > 0) {
      this.#left = Buffer.alloc(0);
      return left;
    }
    const { silenceMs, clock } = this.#options;
    const timer = clock.after(silenceMs, () =>
      this.#socket.destroy(new Error(`nothing came for ${silenceMs} ms`)),
    );
    try {
      const { value, done } = await this.#pieces.next();
      if (done === true) throw this.#lost('the node closed it before the snapshot was complete');
      return value;
    } catch (error) {
      throw error instanceof TribError ? error : this.#lost(messageOf(error));
    } finally {
      timer.cancel();
    }
  }

  close(): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
  }

  #lost(reason: string): ConnectionLost {
    return new ConnectionLost(`The connection to ${formatAddress(this.#address)} was lost: ${reason}.`);
  }
}
