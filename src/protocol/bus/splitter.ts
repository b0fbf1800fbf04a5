/**
 * Owns the cutting of a byte stream into bus packets, by the length in each packet's first eight bytes.
 * Source: Redis 7.0 cluster.c clusterReadHandler.
 */
import { BusError } from './message.ts';
import { at, HEADER_BYTES, SIGNATURE } from './wire.ts';

const PREFIX_BYTES = 8;
/** The largest message is a PUBLISH: a channel and a message of at most 512 MB each. */
const MAX_PACKET_BYTES = 2 ** 30 + 2 ** 16;

export class PacketSplitter {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Total length of the packet that is being received; 0 while its prefix is not complete. */
  #wanted = 0;

  /**
   * The packets that `chunk` completes, as views or copies. Throws a BusError when the stream is no stream of
   * packets: it cannot be read any further then, and the link has to be closed.
   */
  push(chunk: Buffer): Buffer[] {
    const packets: Buffer[] = [];
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= PREFIX_BYTES) {
      if (this.#wanted === 0) this.#wanted = packetLength(this.#joined());
      if (this.#bytes < this.#wanted) break;
      const whole = this.#joined();
      packets.push(whole.subarray(0, this.#wanted));
      this.#chunks = [whole.subarray(this.#wanted)];
      this.#bytes -= this.#wanted;
      this.#wanted = 0;
    }
    return packets;
  }

  /** Bytes received that are no whole packet yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  #joined(): Buffer {
    const first = this.#chunks[0];
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(this.#chunks, this.#bytes);
    this.#chunks = [whole];
    return whole;
  }
}

function packetLength(prefix: Buffer): number {
  const length = prefix.readUInt32BE(at.totalLength);
  if (prefix.latin1Slice(0, 4) !== SIGNATURE || length < HEADER_BYTES || length > MAX_PACKET_BYTES)
    throw new BusError('Bad message length or signature received from Cluster bus.');
  return length;
}
