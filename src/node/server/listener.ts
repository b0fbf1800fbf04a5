/**
 * Owns the sockets that clients connect to: addresses of `bind` at the plain port and at the one for TLS, the unix socket;
 * and who is let in. Source: Redis server.c listenToPort; networking.c acceptCommonHandler, clientAcceptHandler.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { error } from '../../protocol/resp/encode.ts';
import { isLocal } from '../dispatch/gates.ts';
import type { Config } from '../parts/basics.ts';
import type { ClientAuth, Door, Tls } from '../parts/tls.ts';
import { Connection, type ConnectionHost } from './connection.ts';

const DENIED =
  'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the ' +
  'default user. In this mode connections are only accepted from the loopback interface. If you want to connect from ' +
  'external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending ' +
  "the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host " +
  'the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG ' +
  'REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the ' +
  "Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you " +
  "started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an " +
  'authentication password for the default user. NOTE: You only need to do one of the above things in order for the ' +
  'server to start accepting connections from the outside.';

/** Errors of listening that only mean that this machine has no such kind of address. */
const noSuchFamily = new Set([
  'EAFNOSUPPORT',
  'EPROTONOSUPPORT',
  'ENOPROTOOPT',
  'EPFNOSUPPORT',
  'ESOCKTNOSUPPORT',
]);

/** "ip:port", an IPv6 address in brackets, an IPv4 address without its IPv6 wrapping. */
export function formatAddress(ip: string | undefined, port: number | undefined): string {
  if (ip === undefined || port === undefined) return '?:0';
  const plain = ip.startsWith('::ffff:') ? ip.slice(7) : ip;
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}

interface BindAddress {
  readonly host: string;
  readonly shown: string;
  readonly ipv6Only: boolean;
  /** A leading '-': may be missing on this machine. */
  readonly optional: boolean;
}

function bindAddresses(config: Config): BindAddress[] {
  const words = config.text('bind').split(' ');
  return words
    .filter((word) => word !== '')
    .map((word) => {
      const optional = word.startsWith('-');
      const name = optional ? word.slice(1) : word;
      const ipv6Only = name.includes(':');
      const host = name === '*' ? '0.0.0.0' : name === '::*' ? '::' : name;
      return { host, shown: name, ipv6Only, optional };
    });
}

function listen(
  server: Server,
  options: { host?: string; port?: number; path?: string; ipv6Only?: boolean; backlog: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}

/** The directives of the two ports. */
export type PortName = 'port' | 'tls-port';

/** One of them as it is listened on. */
interface Listening {
  readonly port: number;
  readonly addresses: readonly BindAddress[];
  readonly servers: readonly Server[];
}

const CLOSED: Listening = { port: 0, addresses: [], servers: [] };

/** At most; `timeout` may make it less. */
const HANDSHAKE_MS = 60_000;

export class Listener {
  readonly #host: ConnectionHost;
  readonly #config: Config;
  readonly #listening: Record<PortName, Listening> = { port: CLOSED, 'tls-port': CLOSED };
  readonly #door: Door;
  #unix: { readonly server: Server; readonly path: string } | undefined;

  constructor(host: ConnectionHost, config: Config, tls: Tls) {
    this.#host = host;
    this.#config = config;
    this.#door = tls.door({
      auth: () => config.text('tls-auth-clients') as ClientAuth,
      timeoutMs: () => Math.min(HANDSHAKE_MS, config.number('timeout') * 1000 || HANDSHAKE_MS),
      secured: (socket) => this.#welcome(socket),
      failed: (reason) => host.log('warning', `Error accepting a client connection: ${reason}`),
    });
  }

  /** The plain port that is listened on, or was before the end; 0 before the start, or without. */
  get port(): number {
    return this.#listening.port.port;
  }

  /** The same for TLS. */
  get tlsPort(): number {
    return this.#listening['tls-port'].port;
  }

  /** Whether anything is listened on. */
  get any(): boolean {
    return this.port > 0 || this.tlsPort > 0 || this.#unix !== undefined;
  }

  get unixPath(): string | undefined {
    return this.#unix?.path;
  }

  /**
   * Listens on the port of the directive at all addresses of `bind`; 0 means not at all unless `anyPort`, which lets the
   * system choose. False when one of them cannot be had: then none is kept, and the log tells why.
   */
  listen(name: PortName, anyPort = false): Promise<boolean> {
    const port = this.#config.number(name);
    if (port === 0 && !anyPort) {
      this.#listening[name] = CLOSED;
      return Promise.resolve(true);
    }
    return this.#listenAt(name, anyPort ? 0 : port, bindAddresses(this.#config));
  }

  async #listenAt(name: PortName, port: number, addresses: readonly BindAddress[]): Promise<boolean> {
    const servers: Server[] = [];
    let chosen = port;
    for (const address of addresses) {
      const server = createServer({ noDelay: true }, (socket) => this.#accept(socket, name));
      try {
        const { host, ipv6Only } = address;
        await listen(server, { host, port: chosen, ipv6Only, backlog: this.#config.number('tcp-backlog') });
      } catch (reason) {
        const { code, message } = reason as NodeJS.ErrnoException;
        const why = code === 'EADDRINUSE' ? 'bind: Address already in use' : message;
        this.#host.log(
          'warning',
          `Warning: Could not create server TCP listening socket ${address.shown}:${chosen}: ${why}`,
        );
        if (code !== undefined && noSuchFamily.has(code)) continue;
        if (code === 'EADDRNOTAVAIL' && address.optional) continue;
        await Promise.all(servers.map(closed));
        return false;
      }
      servers.push(server);
      const bound = server.address();
      if (chosen === 0 && bound !== null && typeof bound === 'object') chosen = bound.port;
    }
    this.#listening[name] = servers.length > 0 ? { port: chosen, addresses, servers } : CLOSED;
    return true;
  }

  /** Throws what the system says when the path cannot be listened on. */
  async listenUnix(path: string, permissions: number): Promise<void> {
    rmSync(path, { force: true });
    const server = createServer((socket) => {
      if (this.#hasRoom(socket, false)) this.#welcome(socket, `${path}:0`);
    });
    await listen(server, { path, backlog: this.#config.number('tcp-backlog') });
    if (permissions !== 0) chmodSync(path, permissions);
    this.#unix = { server, path };
  }

  /**
   * Moves these ports to what the directives say by now; when one cannot be had, all go back to where they were. Open
   * connections stay in either case.
   */
  async rebind(names: readonly PortName[]): Promise<boolean> {
    const before = names.map((name) => [name, this.#listening[name]] as const);
    // The same port may be wanted at more addresses: it can only be had again once it is free.
    for (const name of names) this.#stop(name);
    for (const name of names) {
      if (await this.listen(name)) continue;
      for (const [other, { port, addresses }] of before) {
        this.#stop(other);
        if (port > 0) await this.#listenAt(other, port, addresses);
      }
      return false;
    }
    return true;
  }

  /** The listening sockets are gone when this returns. */
  #stop(name: PortName): void {
    for (const server of this.#listening[name].servers) server.close();
    this.#listening[name] = CLOSED;
  }

  #accept(socket: Socket, name: PortName): void {
    const config = this.#config;
    const isTls = name === 'tls-port';
    if (!this.#hasRoom(socket, isTls)) return;
    const keepAliveSeconds = config.number('tcp-keepalive');
    if (keepAliveSeconds > 0) socket.setKeepAlive(true, keepAliveSeconds * 1000);
    if (isTls) this.#door.accept(socket);
    else this.#welcome(socket);
  }

  /** False when there are too many clients already; then this one is gone. */
  #hasRoom(socket: Socket, isTls: boolean): boolean {
    const config = this.#config;
    if (this.#host.clients.count + this.#door.pending < config.number('maxclients')) return true;
    const also = config.flag('cluster-enabled') ? ' + cluster connections' : '';
    this.#refuse(socket, isTls ? undefined : `ERR max number of clients${also} reached`);
    return false;
  }

  /** `text`: the error it is told; none before TLS is there, which would not understand it. */
  #refuse(socket: Socket, text: string | undefined): void {
    this.#host.stats.rejectedConnections++;
    socket.on('error', () => {});
    if (text === undefined) socket.destroy();
    else socket.end(error(text), 'latin1', () => socket.destroy());
  }

  /** A connection that can be spoken on. */
  #welcome(socket: Socket, unixAddress?: string): void {
    const { stats, acl } = this.#host;
    const address = unixAddress ?? formatAddress(socket.remoteAddress, socket.remotePort);
    const localAddress = unixAddress ?? formatAddress(socket.localAddress, socket.localPort);
    if (this.#config.flag('protected-mode') && acl.defaultUser.nopass && !isLocal({ address })) {
      this.#refuse(socket, DENIED);
      return;
    }
    stats.connectionsReceived++;
    new Connection(this.#host, socket, address, localAddress);
  }

  /** Takes no more connections; those that are open stay. */
  async close(): Promise<void> {
    for (const { servers } of Object.values(this.#listening)) for (const server of servers) server.close();
    this.#door.close();
    const unix = this.#unix;
    this.#unix = undefined;
    if (unix === undefined) return;
    unix.server.close();
    rmSync(unix.path, { force: true });
  }
}
