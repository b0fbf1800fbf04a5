/**
 * Owns the latest part of the replication stream, by offset: what a replica that was away for a while still needs, and what
 * one that is receiving its RDB will need next. Bytes once written never change, so that sockets may hold views of them.
 * Offsets are those of Redis: the first byte of a stream has offset 1. Source: replication.c feedReplicationBuffer,
 * incrementalTrimReplicationBacklog.
 */

import { request } from '../../protocol/resp/encode.ts';
import { requestBoundBytes, writeRequest } from '../../protocol/resp/write-request.ts';

interface Block {
  /** Offset of its first byte. */
  readonly offset: number;
  readonly bytes: Buffer;
  used: number;
}

const MIN_BLOCK_BYTES = 16 * 1024;

export class Backlog {
  #capacityBytes: number;
  #blocks: Block[] = [];
  #endOffset: number;
  #heldBytes = 0;
  /** Nothing from this offset on may be dropped. */
  #pinnedOffset = Number.POSITIVE_INFINITY;

  /** `endOffset` is the offset of the last byte before it, `capacityBytes` what is kept (repl-backlog-size). */
  constructor(endOffset: number, capacityBytes: number) {
    this.#endOffset = endOffset;
    this.#capacityBytes = capacityBytes;
  }

  /** Offset of the last byte. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Offset of the first byte that is kept; one past the end when there is none. */
  get firstOffset(): number {
    return this.#blocks[0]?.offset ?? this.#endOffset + 1;
  }

  get length(): number {
    return this.#endOffset + 1 - this.firstOffset;
  }

  /** Memory that it takes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether the stream can go on at `offset`. */
  reaches(offset: number): boolean {
    return offset >= this.firstOffset && offset <= this.#endOffset + 1;
  }

  /** A latin1 string, or bytes, which are copied. */
  append(data: string | Uint8Array): void {
    for (let from = 0; from < data.length; ) {
      const block = this.#blockWithRoom(data.length - from);
      const count = Math.min(data.length - from, block.bytes.length - block.used);
      if (typeof data === 'string') {
        const piece = count === data.length ? data : data.slice(from, from + count);
        block.bytes.latin1Write(piece, block.used, count);
      } else {
        block.bytes.set(data.subarray(from, from + count), block.used);
      }
      block.used += count;
      from += count;
      this.#endOffset += count;
    }
    this.#trim();
  }

  /** A command as a request. */
  appendRequest(argv: readonly string[]): void {
    const block = this.#blocks.at(-1);
    if (block === undefined || block.used + requestBoundBytes(argv) > block.bytes.length) {
      this.append(request(argv));
      return;
    }
    const end = writeRequest(block.bytes, block.used, argv);
    this.#endOffset += end - block.used;
    block.used = end;
  }

  /** Views of all bytes from `offset` on, which must be reached. */
  from(offset: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    for (let at = this.#blocks.length - 1; at >= 0; at--) {
      const block = this.#blocks[at] as Block;
      const start = Math.max(0, offset - block.offset);
      if (start < block.used) views.push(block.bytes.subarray(start, block.used));
      if (block.offset <= offset) break;
    }
    return views.reverse();
  }

  /** The last bytes, latin1, at most so many; undefined when there are none. */
  lastBytes(count: number): string | undefined {
    if (this.length === 0) return undefined;
    const views = this.from(Math.max(this.firstOffset, this.#endOffset + 1 - count));
    return Buffer.concat(views).latin1Slice();
  }

  /** Keeps everything from `offset` on, however much that is; Infinity when nobody needs that. */
  pin(offset: number): void {
    this.#pinnedOffset = offset;
    this.#trim();
  }

  resize(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes;
    this.#trim();
  }

  #blockWithRoom(wantedBytes: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < last.bytes.length) return last;
    // Small against the whole, so that dropping one does not drop half of what is kept.
    const limit = Math.max(MIN_BLOCK_BYTES, Math.floor(this.#capacityBytes / 16));
    const size = Math.min(limit, Math.max(MIN_BLOCK_BYTES, wantedBytes));
    const block = { offset: this.#endOffset + 1, bytes: Buffer.allocUnsafeSlow(size), used: 0 };
    this.#blocks.push(block);
    this.#heldBytes += size;
    return block;
  }

  /** Drops the oldest blocks that are not needed for the capacity, nor pinned. */
  #trim(): void {
    let dropped = 0;
    for (; dropped < this.#blocks.length - 1; dropped++) {
      const next = this.#blocks[dropped + 1] as Block;
      const left = this.#endOffset + 1 - next.offset;
      if (left < this.#capacityBytes || next.offset > this.#pinnedOffset) break;
      this.#heldBytes -= (this.#blocks[dropped] as Block).bytes.length;
    }
    if (dropped > 0) this.#blocks.splice(0, dropped);
  }
}
