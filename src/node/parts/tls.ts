/** Owns TLS as the other parts see it: connections to other nodes, and the handshakes of those that connect here. */
import type { Socket } from 'node:net';

export interface Tls {
  /**
   * Reads the files that the directives name, if TLS is wanted at all. False when it cannot be had so: the log tells why, and
   * what was there before stays.
   */
  configure(): boolean;
  /** Opens a connection to another node, with TLS where tls-cluster or tls-replication says so. */
  dial(purpose: DialPurpose, target: DialTarget): Dialled;
  /** Where connections of one kind come in. */
  door(options: DoorOptions): Door;
}

/** Of the cluster are the bus and MIGRATE. */
export type DialPurpose = 'cluster' | 'replication';

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  /** The local address to connect from; any when it is no IP. */
  readonly from?: string;
}

export interface Dialled {
  readonly socket: Socket;
  readonly isTls: boolean;
  /** The event of the socket that says that it can be used. */
  readonly readyEvent: 'connect' | 'secureConnect';
}

/** Whether who connects must show a certificate; with 'optional' only a bad one is refused. */
export type ClientAuth = 'yes' | 'no' | 'optional';

/** The functions that tell of directives are asked at each connection. */
export interface DoorOptions {
  auth(): ClientAuth;
  /** How long a handshake may take. */
  timeoutMs(): number;
  /** The handshake is done. */
  secured(socket: Socket): void;
  /** It failed; the connection is gone. */
  failed(reason: string): void;
}

export interface Door {
  /** Connections whose handshake is under way. */
  readonly pending: number;
  /** Begins the handshake of a connection that has just come; ends in one call of `secured` or `failed`, unless closed. */
  accept(socket: Socket): void;
  /** Ends what is pending. */
  close(): void;
}
