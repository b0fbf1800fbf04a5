/**
 * Owns the fixed numbers of the binary cluster bus: message types, flag bits, offsets and sizes. All numbers on the
 * wire are big-endian. Source: Redis 7.0 cluster.h (clusterMsg and its static asserts, CLUSTER_NODE_*,
 * CLUSTERMSG_*); Valkey's newer bits are named where they are only tolerated.
 */

/** By their number on the wire, with the words of CLUSTER INFO. */
export const MESSAGE_TYPES = [
  'ping',
  'pong',
  'meet',
  'fail',
  'publish',
  'auth-req',
  'auth-ack',
  'update',
  'mfstart',
  'module',
  'publishshard',
] as const;

export type MessageType = (typeof MESSAGE_TYPES)[number];

export const SIGNATURE = 'RCmb';
export const PROTOCOL_VERSION = 1;

export const HEADER_BYTES = 2256;
export const GOSSIP_ENTRY_BYTES = 104;
export const NODE_ID_BYTES = 40;
export const IP_BYTES = 46;
export const UPDATE_BODY_BYTES = 8 + NODE_ID_BYTES + 2048;
/** Length (4), type (2), padding (2). */
export const EXTENSION_HEADER_BYTES = 8;

/** Where the fields of the header start. */
export const at = {
  totalLength: 4,
  version: 8,
  port: 10,
  type: 12,
  count: 14,
  currentEpoch: 16,
  configEpoch: 24,
  offset: 32,
  sender: 40,
  slots: 80,
  masterId: 2128,
  ip: 2168,
  extensions: 2214,
  plainPort: 2246,
  busPort: 2248,
  flags: 2250,
  state: 2252,
  messageFlags: 2253,
} as const;

/** What a node is, as bits: in the header of its messages and in gossip about it. */
export const nodeFlag = {
  master: 1,
  replica: 2,
  pfail: 4,
  fail: 8,
  myself: 16,
  handshake: 32,
  noaddr: 64,
  meet: 128,
  migrateTo: 256,
  nofailover: 512,
} as const;

/** First byte of the message flags. */
export const messageFlag = {
  /** The master holds its clients back for a manual failover. */
  paused: 1,
  /** Vote even though the master is up. */
  forceAck: 2,
  /** Extensions follow the gossip; newer servers also read it as "extensions are welcome". */
  extensions: 4,
} as const;

/** Types of extensions. 7.0 knows the hostname; later servers send 1 human name, 2 forgotten node, 3 shard id. */
export const extensionType = { hostname: 0 } as const;
