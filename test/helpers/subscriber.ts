/** Owns a connection that listens, for tests: all that comes is kept, as it came (latin1 text), and may be waited for. */
import { connect, type Socket } from 'node:net';
import { request } from '../../src/protocol/resp/encode.ts';
import type { Command } from './compat.ts';
import { wordsOf } from './words.ts';

const deadlineMs = 30_000;

export class Subscriber {
  readonly #socket: Socket;
  /** All that has come since the last `take`. */
  received = '';
  closed = false;
  /** Looks again, while somebody waits. */
  #look: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.received += chunk;
      this.#look?.();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.closed = true;
      this.#look?.();
    });
  }

  static open(port: number): Promise<Subscriber> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Subscriber(socket)));
    });
  }

  send(...commands: Command[]): void {
    this.#socket.write(commands.map((command) => request(wordsOf(command))).join(''), 'latin1');
  }

  /** Sends the commands, waits until `text` has come, and gives all that came. */
  async take(text: string, ...commands: Command[]): Promise<string> {
    this.send(...commands);
    const all = await this.untilEnd(text);
    if (all === undefined) throw new Error(`closed after ${JSON.stringify(this.received)}`);
    this.received = '';
    return all;
  }

  /** Waits until `text` has come, or the connection is closed: then undefined. */
  untilEnd(text: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`waited ${deadlineMs} ms in vain for ${JSON.stringify(text)} to be heard`)),
        deadlineMs,
      );
      this.#look = () => {
        const has = this.received.includes(text);
        if (!has && !this.closed) return;
        clearTimeout(timer);
        this.#look = undefined;
        resolve(has ? this.received : undefined);
      };
      this.#look();
    });
  }

  /** No more is read: what is sent waits. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }
}
