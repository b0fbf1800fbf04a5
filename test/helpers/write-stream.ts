/** Owns what a replica of the first kind (SYNC) gets from a server: the data set is passed over, the writes are kept. */
import { connect, type Socket } from 'node:net';
import { replyEnd } from './raw-reply.ts';
import { until } from './servers.ts';

/** The stream of writes of a server, each as its words with blanks between. */
export class WriteStream {
  readonly writes: string[] = [];
  readonly #socket: Socket;
  #received = '';
  #synced = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#received += chunk;
      this.#read();
    });
  }

  static async open(port: number): Promise<WriteStream> {
    const socket = connect({ port, host: '127.0.0.1' });
    const stream = new WriteStream(socket);
    socket.write('SYNC\r\n');
    await until(() => stream.#synced, 'the data set');
    return stream;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(): void {
    if (!this.#synced) {
      // "$<length>", then the data set without a line end behind it. Lone newlines come before.
      const header = /^\n*\$(\d+)\r\n/.exec(this.#received);
      if (header === null) return;
      const end = header[0].length + Number(header[1]);
      if (this.#received.length < end) return;
      this.#received = this.#received.slice(end);
      this.#synced = true;
    }
    for (;;) {
      const end = replyEnd(this.#received, 0);
      if (end < 0) return;
      const words = this.#received
        .slice(0, end)
        .split('\r\n')
        .filter((_, i) => i > 0 && i % 2 === 0);
      this.writes.push(words.join(' '));
      this.#received = this.#received.slice(end);
    }
  }
}
