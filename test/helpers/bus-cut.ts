/**
 * Owns the cutting of the cluster bus: a proxy before the bus port of each node, which the nodes announce as theirs. While
 * it is cut no packet passes, so that states can be set up which the bus would put right.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class BusCut {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #upstream: number[] = [];
  #isCut = false;

  /** A proxy for each of `count` nodes. */
  static async start(count: number): Promise<BusCut> {
    const cut = new BusCut();
    for (let index = 0; index < count; index++) {
      const server = createServer((socket) => cut.#accept(socket, index));
      cut.#servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return cut;
  }

  /** Where the node of this place is to be called. */
  portOf(index: number): number {
    const address = this.#servers[index]?.address();
    if (typeof address !== 'object' || address === null) throw new RangeError(`no proxy ${index}`);
    return address.port;
  }

  /** The node's own bus port. */
  leadsTo(index: number, port: number): void {
    this.#upstream[index] = port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  heal(): void {
    this.#isCut = false;
  }

  async stop(): Promise<void> {
    this.cut();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #accept(socket: Socket, index: number): void {
    const port = this.#upstream[index];
    if (this.#isCut || port === undefined) {
      socket.destroy();
      return;
    }
    const behind = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.setNoDelay(true);
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
