/**
 * Owns the sockets that clients connect to: addresses of `bind`, the unix socket, and who is let in.
 * Source: Redis server.c listenToPort; networking.c acceptCommonHandler, clientAcceptHandler.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { error } from '../../protocol/resp/encode.ts';
import { isLocal } from '../dispatch/gates.ts';
import type { Config } from '../parts/basics.ts';
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

export class Listener {
  /** The port that is listened on; 0 before, or without TCP. */
  port = 0;
  readonly #host: ConnectionHost;
  readonly #config: Config;
  #servers: Server[] = [];
  #unix: { readonly server: Server; readonly path: string } | undefined;

  constructor(host: ConnectionHost, config: Config) {
    this.#host = host;
    this.#config = config;
  }

  /** Whether anything is listened on. */
  get any(): boolean {
    return this.#servers.length > 0 || this.#unix !== undefined;
  }

  get unixPath(): string | undefined {
    return this.#unix?.path;
  }

  /**
   * Listens on `port` at all addresses of `bind`; port 0 of the directive means no TCP unless `anyPort`, which lets the system choose.
   * False when one of them cannot be had: then none is kept, and the log tells why.
   */
  async listenTcp(port: number, anyPort = false): Promise<boolean> {
    if (port === 0 && !anyPort) return true;
    const servers: Server[] = [];
    let chosen = port;
    for (const address of bindAddresses(this.#config)) {
      const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
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
    this.#servers = servers;
    this.port = servers.length > 0 ? chosen : 0;
    return true;
  }

  /** Throws what the system says when the path cannot be listened on. */
  async listenUnix(path: string, permissions: number): Promise<void> {
    rmSync(path, { force: true });
    const server = createServer((socket) => this.#accept(socket, `${path}:0`));
    await listen(server, { path, backlog: this.#config.number('tcp-backlog') });
    if (permissions !== 0) chmodSync(path, permissions);
    this.#unix = { server, path };
  }

  /** Moves to another port or other addresses; when that fails, the old ones stay. Open connections stay in either case. */
  async rebind(port: number): Promise<boolean> {
    const before = this.#servers;
    const portBefore = this.port;
    // The same port may be wanted at more addresses: it can only be had again once it is free.
    await Promise.all(before.map((server) => stopListening(server)));
    this.#servers = [];
    if (await this.listenTcp(port)) return true;
    this.port = portBefore;
    await this.listenTcp(portBefore);
    return false;
  }

  #accept(socket: Socket, unixAddress?: string): void {
    const { clients, stats, acl } = this.#host;
    const config = this.#config;
    const refuse = (text: string): void => {
      stats.rejectedConnections++;
      socket.on('error', () => {});
      socket.end(error(text), 'latin1', () => socket.destroy());
    };
    if (clients.count >= config.number('maxclients')) {
      const also = config.flag('cluster-enabled') ? ' + cluster connections' : '';
      refuse(`ERR max number of clients${also} reached`);
      return;
    }
    const address = unixAddress ?? formatAddress(socket.remoteAddress, socket.remotePort);
    const localAddress = unixAddress ?? formatAddress(socket.localAddress, socket.localPort);
    const keepAliveSeconds = config.number('tcp-keepalive');
    if (unixAddress === undefined && keepAliveSeconds > 0) socket.setKeepAlive(true, keepAliveSeconds * 1000);
    if (config.flag('protected-mode') && acl.defaultUser.nopass && !isLocal({ address })) {
      refuse(DENIED);
      return;
    }
    stats.connectionsReceived++;
    new Connection(this.#host, socket, address, localAddress);
  }

  /** Takes no more connections; those that are open stay. */
  async close(): Promise<void> {
    const unix = this.#unix;
    await Promise.all([...this.#servers.map(stopListening), unix && stopListening(unix.server)]);
    this.#servers = [];
    this.#unix = undefined;
    if (unix) rmSync(unix.path, { force: true });
  }
}

/** The listening socket is gone when this returns; the callback of close() waits for connections too, which may stay. */
function stopListening(server: Server): Promise<void> {
  server.close();
  return Promise.resolve();
}
