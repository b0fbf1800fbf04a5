/**
 * Owns the digest of values: SHA1s that are mixed where order counts and combined by XOR where it does not.
 * Source: Redis debug.c xorDigest, mixDigest.
 */
import { createHash } from 'node:crypto';

const SIZE = 20;

function sha1(data: Uint8Array | string): Buffer {
  const hash = createHash('sha1');
  return (typeof data === 'string' ? hash.update(data, 'latin1') : hash.update(data)).digest();
}

export class Digest {
  #bytes: Buffer = Buffer.alloc(SIZE);

  /** Adds a part whose place among the parts does not count. */
  xor(data: Uint8Array | string): void {
    const hash = sha1(data);
    for (let i = 0; i < SIZE; i++) this.#bytes[i] = (this.#bytes[i] as number) ^ (hash[i] as number);
  }

  /** Adds a part whose place counts. */
  mix(data: Uint8Array | string): void {
    this.xor(data);
    this.#bytes = sha1(this.#bytes);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** 40 hexadecimal characters. */
  get hex(): string {
    return this.#bytes.toString('hex');
  }
}
