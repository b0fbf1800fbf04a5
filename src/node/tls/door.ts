/**
 * Owns the handshakes of connections that come in, until each is done or has failed: how many there are, how long they may
 * take, and who is let in. Source: Redis tls.c connCreateAcceptedTLS, connTLSAccept.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { tlsErrorText } from '../../client/tls.ts';
import type { ClientAuth, Door, DoorOptions } from '../parts/tls.ts';
import type { TlsMaterial } from './material.ts';

/** A server that does not listen, for the handshakes under one set of rules; sessions begin under the rules they end under. */
interface Handshakes {
  readonly server: Server;
  readonly material: TlsMaterial;
  readonly auth: ClientAuth;
  readonly timeoutMs: number;
}

/** The two ends of a connection: the one thing that it has in common with what TLS makes of it. */
function endsOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}

export class TlsDoor implements Door {
  readonly #options: DoorOptions;
  /** Undefined as long as TLS is not configured. */
  readonly #material: () => TlsMaterial | undefined;
  readonly #pending = new Map<string, Socket>();
  #handshakes: Handshakes | undefined;

  constructor(options: DoorOptions, material: () => TlsMaterial | undefined) {
    this.#options = options;
    this.#material = material;
  }

  get pending(): number {
    return this.#pending.size;
  }

  accept(socket: Socket): void {
    const material = this.#material();
    if (material === undefined) {
      socket.destroy();
      this.#options.failed('TLS is not configured');
      return;
    }
    const ends = endsOf(socket);
    this.#pending.set(ends, socket);
    socket.once('close', () => {
      if (this.#pending.get(ends) === socket) this.#pending.delete(ends);
    });
    this.#serverFor(material).emit('connection', socket);
  }

  close(): void {
    for (const socket of this.#pending.values()) socket.destroy();
  }

  #serverFor(material: TlsMaterial): Server {
    const auth = this.#options.auth();
    const timeoutMs = this.#options.timeoutMs();
    const known = this.#handshakes;
    if (known?.material === material && known.auth === auth && known.timeoutMs === timeoutMs)
      return known.server;
    const server = createServer({
      ...material.server,
      handshakeTimeout: timeoutMs,
      requestCert: auth !== 'no',
      rejectUnauthorized: auth === 'yes',
    });
    server.on('secureConnection', (socket) => this.#secured(socket, auth));
    server.on('tlsClientError', (error, socket) => {
      // Not gone yet when it was too slow.
      socket.destroy();
      const { authorizationError } = socket;
      this.#options.failed(authorizationError ? refusalText(authorizationError) : tlsErrorText(error));
    });
    this.#handshakes = { server, material, auth, timeoutMs };
    return server;
  }

  #secured(socket: TLSSocket, auth: ClientAuth): void {
    this.#pending.delete(endsOf(socket));
    const refused = auth === 'optional' && !socket.authorized && showsCertificate(socket);
    if (refused) {
      socket.destroy();
      this.#options.failed(refusalText(socket.authorizationError));
    } else this.#options.secured(socket);
  }
}

/** As OpenSSL says it where it refuses a certificate itself, and what is wrong with it. */
function refusalText(why: Error | string): string {
  return `error:0A000086:SSL routines::certificate verify failed (${why})`;
}

function showsCertificate(socket: TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate()).length > 0;
}
