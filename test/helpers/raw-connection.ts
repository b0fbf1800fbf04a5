/** Owns a bare connection for tests: requests out, RESP2 replies in, bytes as they are; independent of src/client. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import RedisParser from 'redis-parser';

/** How to speak TLS: PEM texts. The name in the other's certificate does not count. */
export interface RawTls {
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Protocols and ciphers, where they matter. */
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  checkServerIdentity(): undefined;
}

/** Bulk strings are Buffers; errors are Error values, not thrown. */
export type RawReply = Buffer | string | number | null | Error | RawReply[];

export class RawConnection {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: RawReply) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    const parser = new RedisParser({
      returnBuffers: true,
      returnReply: (reply: RawReply) => this.#waiting.shift()?.resolve(reply),
      returnError: (error: Error) => this.#waiting.shift()?.resolve(error),
    });
    socket.on('data', (chunk) => parser.execute(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection was closed'));
    });
  }

  static open(port: number, host = '127.0.0.1', tls?: RawTls): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const target = { port, host, noDelay: true };
      const socket = tls === undefined ? connect(target) : connectTls({ ...target, ...tls });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed')));
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => resolve(new RawConnection(socket)));
    });
  }

  /** One command; an error reply is returned as an Error. */
  async call(...args: (string | Buffer | number)[]): Promise<RawReply> {
    const [reply = null] = await this.pipeline([args]);
    return reply;
  }

  /** The reply of one command as text. Throws on an error reply. */
  async text(...args: (string | Buffer | number)[]): Promise<string> {
    const reply = await this.call(...args);
    if (reply instanceof Error) throw reply;
    return String(reply);
  }

  /** All commands in one write. */
  pipeline(commands: readonly (readonly (string | Buffer | number)[])[]): Promise<RawReply[]> {
    if (this.#socket.destroyed) return Promise.reject(new Error('the connection was closed'));
    const replies = commands.map(
      () => new Promise<RawReply>((resolve, reject) => this.#waiting.push({ resolve, reject })),
    );
    this.#socket.write(Buffer.concat(commands.map(encodeRequest)));
    return Promise.all(replies);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function encodeRequest(args: readonly (string | Buffer | number)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}
