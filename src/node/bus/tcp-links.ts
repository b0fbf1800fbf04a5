/**
 * Owns the sockets of the bus, with TLS or without: the port that is listened on, connections to other nodes, packets in and out.
 * What is no stream of packets costs its connection and nothing else.
 * Source: Redis 7.0 cluster.c clusterAcceptHandler, clusterReadHandler, clusterWriteHandler.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { tlsErrorText } from '../../client/tls.ts';
import { BytesError } from '../../core/bytes.ts';
import { messageOf } from '../../core/errors.ts';
import { decodeMessage } from '../../protocol/bus/decode.ts';
import { BusError, type BusMessage } from '../../protocol/bus/message.ts';
import { PacketSplitter } from '../../protocol/bus/splitter.ts';
import type { Log } from '../parts/basics.ts';
import type { Door, Tls } from '../parts/tls.ts';
import type { BusLink, LinkHandle } from './link.ts';

/** The machine, as far as links concern it. */
export interface LinkEvents {
  accepted(handle: LinkHandle): BusLink;
  connected(link: BusLink): void;
  disconnected(link: BusLink, wasConnected: boolean): void;
  received(link: BusLink, message: BusMessage): void;
}

export interface TcpLinksOptions {
  readonly log: Log;
  readonly tls: Tls;
  /** Whether who connects must do so with TLS. */
  speaksTls(): boolean;
  /** Local address of outgoing connections; any when it is no IP. Asked at each dial. */
  sourceAddress(): string;
  nodeTimeoutMs(): number;
}

export class TcpLinks {
  readonly #events: LinkEvents;
  readonly #options: TcpLinksOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #door: Door;

  constructor(events: LinkEvents, options: TcpLinksOptions) {
    this.#events = events;
    this.#options = options;
    this.#door = options.tls.door({
      auth: () => 'yes',
      timeoutMs: () => options.nodeTimeoutMs(),
      secured: (socket) => this.#accept(socket),
      failed: (reason) => options.log('verbose', `Error accepting cluster node connection: ${reason}`),
    });
  }

  /**
   * Listens on `port` of each address; one that begins with "-" may be missing on this machine. Rejects when a port
   * is taken.
   */
  async listen(addresses: readonly string[], port: number): Promise<void> {
    for (const address of addresses) {
      const optional = address.startsWith('-');
      try {
        await this.#listenOn(hostOf(optional ? address.slice(1) : address), port);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (optional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) continue;
        throw error;
      }
    }
  }

  dial(ip: string, port: number, link: BusLink): LinkHandle {
    const { tls, nodeTimeoutMs, sourceAddress } = this.#options;
    const { socket, readyEvent } = tls.dial('cluster', { host: ip, port, from: sourceAddress() });
    let isConnected = false;
    // Who takes the connection and says no more is as far away as who does not.
    socket.setTimeout(nodeTimeoutMs(), () => socket.destroy());
    socket.once(readyEvent, () => {
      isConnected = true;
      socket.setTimeout(0);
      this.#events.connected(link);
    });
    socket.on('error', (error) => {
      this.#options.log('debug', `Connection with Node at ${ip}:${port} failed: ${tlsErrorText(error)}`);
    });
    this.#carry(socket, link, () => isConnected);
    return handleOf(socket);
  }

  /** What waits to be sent to other nodes. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const { writableLength } of this.#sockets) bytes += writableLength;
    return bytes;
  }

  /** Ends all connections and stops to listen. */
  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    this.#door.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #listenOn(host: string, port: number): Promise<void> {
    const server = createServer((socket) => {
      if (this.#options.speaksTls()) this.#door.accept(socket);
      else this.#accept(socket);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
        server.off('error', reject);
        server.on('error', (error) =>
          this.#options.log('verbose', `Error accepting cluster node: ${messageOf(error)}`),
        );
        this.#servers.push(server);
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#options.log('verbose', `Accepting cluster node connection from ${peer}`);
    socket.on('error', (error) => {
      this.#options.log('debug', `I/O error on node link ${peer}: ${tlsErrorText(error)}`);
    });
    this.#carry(socket, this.#events.accepted(handleOf(socket)), () => true);
  }

  /** Both directions alike: packets of the socket to the machine, until either ends the link. */
  #carry(socket: Socket, link: BusLink, wasConnected: () => boolean): void {
    const splitter = new PacketSplitter();
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, this.#options.nodeTimeoutMs() * 2);
    socket.on('data', (chunk) => {
      if (!this.#read(splitter, chunk, link)) socket.destroy();
    });
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#events.disconnected(link, wasConnected());
    });
  }

  /** False when the connection is of no more use. */
  #read(splitter: PacketSplitter, chunk: Buffer, link: BusLink): boolean {
    let packets: Buffer[];
    try {
      packets = splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#options.log('warning', error.message);
      return false;
    }
    for (const packet of packets) {
      if (!link.open) return false;
      const message = this.#decode(packet);
      if (message !== undefined) this.#events.received(link, message);
    }
    return link.open;
  }

  #decode(packet: Buffer): BusMessage | undefined {
    try {
      return decodeMessage(packet);
    } catch (error) {
      if (!(error instanceof BytesError)) throw error;
      this.#options.log(
        'warning',
        `Received invalid packet of ${packet.length} bytes from Cluster bus: ${error.message}`,
      );
      return undefined;
    }
  }
}

function handleOf(socket: Socket): LinkHandle {
  return {
    get remoteIp() {
      return plainIp(socket.remoteAddress);
    },
    get localIp() {
      return plainIp(socket.localAddress);
    },
    get pendingBytes() {
      return socket.writableLength;
    },
    send: (packet) => {
      socket.write(packet);
    },
    close: () => {
      socket.destroy();
    },
  };
}

/** IPv4 that came through an IPv6 socket is still IPv4. */
function plainIp(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}

/** An address of the `bind` directive. */
function hostOf(address: string): string {
  if (address === '*') return '0.0.0.0';
  return address === '::*' ? '::' : address;
}
