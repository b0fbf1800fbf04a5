/**
 * Owns the shapes of bus messages as values: what decode.ts reads and encode.ts writes. Ids are 40 lower-case
 * hexadecimal characters, texts are latin1 strings (one character a byte).
 * Source: Redis 7.0 cluster.h clusterMsg, clusterMsgData*.
 */
import { BytesError } from '../../core/bytes.ts';

/** The bytes are no message of the bus, or hold what no server would send. */
export class BusError extends BytesError {
  override readonly name = 'BusError';
}

/** What every message says of its sender. */
export interface BusHeader {
  readonly sender: string;
  /** Client port, and the port of the bus. */
  readonly port: number;
  readonly busPort: number;
  /** Client port without TLS, in a cluster whose `port` is for TLS; else 0. */
  readonly plainPort: number;
  /** "" when the receiver shall take the socket's address. */
  readonly ip: string;
  readonly currentEpoch: number;
  /** The sender's own as a master, its master's as a replica; so are the slots. */
  readonly configEpoch: number;
  /** The 2048-byte bitmap. */
  readonly slots: Uint8Array;
  /** Replication offset in bytes. */
  readonly offset: number;
  /** Absent for a master. */
  readonly masterId: string | undefined;
  /** Bits of `nodeFlag`. */
  readonly flags: number;
  /** The cluster state as the sender sees it. */
  readonly stateOk: boolean;
  /** Bits of `messageFlag`. */
  readonly messageFlags: number;
}

/** What the sender of a PING tells about another node. */
export interface GossipEntry {
  readonly id: string;
  /** Unix seconds. */
  readonly pingSentSeconds: number;
  readonly pongReceivedSeconds: number;
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
  readonly plainPort: number;
  readonly flags: number;
}

export interface PingBody {
  readonly type: 'ping' | 'pong' | 'meet';
  readonly gossip: readonly GossipEntry[];
  /** The hostname that the sender announces; "" without one. */
  readonly hostname: string;
}

export interface FailBody {
  readonly type: 'fail';
  readonly nodeId: string;
}

export interface PublishBody {
  readonly type: 'publish' | 'publishshard';
  readonly channel: string;
  readonly message: string;
}

/** The slots of another node, for a sender of stale ones. */
export interface UpdateBody {
  readonly type: 'update';
  readonly nodeId: string;
  readonly configEpoch: number;
  readonly slots: Uint8Array;
}

/** The header says it all. */
export interface BareBody {
  readonly type: 'auth-req' | 'auth-ack' | 'mfstart';
}

/** Of a module that this node does not have, or of a later server. Only the header counts. */
export interface ForeignBody {
  readonly type: 'module' | 'unknown';
}

export type MessageBody = PingBody | FailBody | PublishBody | UpdateBody | BareBody | ForeignBody;
export type SentBody = Exclude<MessageBody, ForeignBody>;

export interface BusMessage<Body extends MessageBody = MessageBody> {
  readonly header: BusHeader;
  readonly body: Body;
}
