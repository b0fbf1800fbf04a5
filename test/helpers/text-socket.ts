/** Owns a connection that sends and collects latin1 text as it is, for tests of the protocol itself. */
import { connect, type Socket } from 'node:net';
import { until } from './servers.ts';

export class TextSocket {
  /** Everything received so far. */
  received = '';
  /** The other side ended the connection, or reset it. */
  closed = false;
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.received += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** To a port of this machine, or a unix socket. */
  static open(target: number | string): Promise<TextSocket> {
    return new Promise((resolve, reject) => {
      const socket = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target);
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new TextSocket(socket));
      });
    });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits until so many characters have come, and takes them. */
  async take(length: number): Promise<string> {
    await until(() => Promise.resolve(this.received.length >= length), `${length} characters`);
    const taken = this.received.slice(0, length);
    this.received = this.received.slice(length);
    return taken;
  }

  /** Sends, and waits for exactly this answer. */
  async expect(text: string, answer: string): Promise<void> {
    this.send(text);
    const taken = await this.take(answer.length);
    if (taken !== answer) throw new Error(`answered ${JSON.stringify(taken)}, not ${JSON.stringify(answer)}`);
  }

  async untilClosed(): Promise<void> {
    await until(() => Promise.resolve(this.closed), 'the connection to close');
  }

  close(): void {
    this.socket.destroy();
  }
}
