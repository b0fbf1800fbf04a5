/**
 * Owns the reading of requests: bytes in, argument lists out, in whatever pieces the bytes come. Pure: no socket, no
 * clock. Its refusals are those of Redis, word for word.
 * Source: Redis networking.c processInlineBuffer, processMultibulkBuffer; the RESP specification.
 */
import { parseInt64 } from '../../core/int64.ts';
import { NameCache } from './name-cache.ts';
import { splitArgs } from './split-args.ts';

/** Longest inline request, and longest line that holds a count. Source: server.h PROTO_INLINE_MAX_SIZE. */
const inlineLimitBytes = 64 * 1024;
const multibulkLimit = 2147483647;
/** What a client that is yet to authenticate may send. Source: networking.c, "unauthenticated". */
const unauthenticatedArgs = 10;
const unauthenticatedBulkBytes = 16384;
/** An emptied buffer above this size is given back. */
const keepBytes = 64 * 1024;

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const HASH = 35;
const ZERO = 48;

/** A list that is as large as it must be, for the usual counts: pushing makes room for many more. */
function makeArgs(count: number): string[] {
  switch (count) {
    case 1:
      return [''];
    case 2:
      return ['', ''];
    case 3:
      return ['', '', ''];
    case 4:
      return ['', '', '', ''];
    case 5:
      return ['', '', '', '', ''];
    default:
      return [];
  }
}

export class RequestParser {
  /** proto-max-bulk-len; Infinity for a master's stream. */
  maxBulkBytes = 512 * 1024 * 1024;
  /** The client must authenticate first: tight limits hold. */
  authRequired = false;
  /** A master never sends inline requests; an empty line keeps its link alive. */
  fromMaster = false;
  /** An append only file has no inline requests; a line that begins with '#' is a note, and passed over. */
  fromFile = false;
  /** Redis's error text, without its code, after which nothing more can be read; set by `next`. */
  error: string | undefined;
  /** The short reason that Redis logs with `error`. */
  errorReason = '';

  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  /** Whether #bytes is ours to write into, or the caller's. */
  #owned = false;
  /** How far a search for the end of the current line has come. */
  #scanned = 0;
  /** Arguments of the current request that are yet to come; 0 between requests. */
  #missing = 0;
  /** Length of the current argument, -1 while it is not known. */
  #bulkBytes = -1;
  /** The current request; places behind `#argCount` are yet to be filled. */
  #args: string[] = [];
  #argCount = 0;
  #fed = 0;
  #consumed = 0;
  readonly #names: NameCache;

  /** Parsers of one thread may share a cache. */
  constructor(names = new NameCache()) {
    this.#names = names;
  }

  /** Bytes of all requests that were returned, and of empty lines between them, since the beginning. */
  get consumedBytes(): number {
    return this.#consumed;
  }

  /** Bytes that are no complete request yet, or not asked for by `next`. */
  get pendingBytes(): number {
    return this.#end - this.#at;
  }

  /** All bytes since the beginning. */
  get fedBytes(): number {
    return this.#fed;
  }

  /** Those that are pending, and those of the last feed that were already used. */
  get bufferedBytes(): number {
    return this.#end;
  }

  /** Up to `limit` of the bytes that wait, for a log line. */
  pendingSample(limit: number): string {
    return this.#bytes.latin1Slice(this.#at, Math.min(this.#end, this.#at + limit));
  }

  /** Takes the bytes that no request has used, for a stream that goes on in another way (a replica's RDB). */
  takePending(): Buffer {
    const rest = Buffer.from(this.#bytes.subarray(this.#at, this.#end));
    this.#at = this.#end;
    return rest;
  }

  /** More input. The chunk is the parser's until `keep` or a `next` that returned undefined. */
  feed(chunk: Buffer): void {
    this.#fed += chunk.length;
    if (this.#at === this.#end) {
      this.#bytes = chunk;
      this.#owned = false;
      this.#scanned = this.#at = 0;
      this.#end = chunk.length;
      return;
    }
    this.#append(chunk);
  }

  /** Copies what is left of a fed chunk, so that its owner may use the memory again. */
  keep(): void {
    if (this.#owned) return;
    if (this.#at === this.#end) {
      this.#bytes = Buffer.alloc(0);
      this.#scanned = this.#at = this.#end = 0;
      return;
    }
    this.#append(Buffer.alloc(0));
  }

  /** Makes #bytes our own, with room for `chunk`, and adds it. */
  #append(chunk: Buffer): void {
    const left = this.#end - this.#at;
    const needed = left + chunk.length;
    if (!this.#owned || this.#end + chunk.length > this.#bytes.length) {
      if (this.#owned && needed <= this.#bytes.length / 2) {
        this.#bytes.copyWithin(0, this.#at, this.#end);
      } else {
        // Doubling, but no further than the argument that is being read needs: its length is not yet a promise.
        const wanted = Math.max(needed, this.#bulkBytes + 2);
        const larger = Buffer.allocUnsafe(Math.max(256, needed, Math.min(wanted, 2 * needed)));
        this.#bytes.copy(larger, 0, this.#at, this.#end);
        this.#bytes = larger;
        this.#owned = true;
      }
      this.#scanned -= this.#at;
      this.#at = 0;
      this.#end = left;
    }
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The next request, one latin1 string an argument; never empty. Undefined when more bytes are needed, or when
   * `error` is set.
   */
  next(): string[] | undefined {
    for (;;) {
      if (this.error !== undefined) return undefined;
      if (this.#at >= this.#end) {
        if (this.#owned && this.#bytes.length > keepBytes) {
          this.#bytes = Buffer.alloc(0);
          this.#owned = false;
          this.#scanned = this.#at = this.#end = 0;
        }
        return undefined;
      }
      if (this.#missing === 0) {
        if (this.#bytes[this.#at] !== STAR) {
          const args = this.fromFile ? this.#note() : this.#inlineRequest();
          if (args === undefined) {
            this.keep();
            return undefined;
          }
          this.#consumed = this.#fed - (this.#end - this.#at);
          if (args.length > 0) return args;
          continue;
        }
        const plain = this.#plainRequest();
        if (plain !== undefined) return plain;
        const count = this.#count(STAR);
        if (count === undefined) {
          this.keep();
          return undefined;
        }
        if (count <= 0) {
          if (this.fromFile) return this.#fail('invalid multibulk length', 'a request without arguments');
          this.#consumed = this.#fed - (this.#end - this.#at);
          continue;
        }
        this.#missing = count;
        this.#args = makeArgs(count);
        this.#argCount = 0;
      }
      if (this.#readArgs()) {
        this.#consumed = this.#fed - (this.#end - this.#at);
        const args = this.#args;
        this.#args = [];
        return args;
      }
      this.keep();
      return undefined;
    }
  }

  /**
   * The request at the current place when all of it is there and nothing about it is unusual, read in one go: this is the
   * way of nearly every request. Undefined, with nothing moved, when it needs the closer look of the other functions.
   */
  #plainRequest(): string[] | undefined {
    if (this.authRequired) return undefined;
    const bytes = this.#bytes;
    const end = this.#end;
    const names = this.#names;
    let at = this.#at + 2;
    let count = (bytes[at - 1] as number) - ZERO;
    if (!(count > 0 && count <= 9)) return undefined;
    const second = (bytes[at] as number) - ZERO;
    if (second >= 0 && second <= 9) {
      count = count * 10 + second;
      at++;
    }
    if (bytes[at] !== CR) return undefined;
    const args = makeArgs(count);
    at += 2;
    for (let i = 0; i < count; i++) {
      let length = (bytes[at + 1] as number) - ZERO;
      if (bytes[at] !== DOLLAR || !(length >= 0 && length <= 9)) return undefined;
      at += 2;
      for (let digit = (bytes[at] as number) - ZERO; digit >= 0 && digit <= 9; ) {
        // Leading zeros are wrong, and above a million other limits may hold.
        if (length === 0 || length > 99_999) return undefined;
        length = length * 10 + digit;
        digit = (bytes[++at] as number) - ZERO;
      }
      const start = at + 2;
      const stop = start + length;
      if (bytes[at] !== CR || stop + 2 > end) return undefined;
      args[i] = i === 0 ? names.text(bytes, start, stop) : bytes.latin1Slice(start, stop);
      at = stop + 2;
    }
    this.#scanned = this.#at = at;
    this.#consumed = this.#fed - (end - at);
    return args;
  }

  #fail(text: string, reason: string): undefined {
    this.error = `Protocol error: ${text}`;
    this.errorReason = reason;
    return undefined;
  }

  /** The arguments of the current request as far as they have come. True when all are there. */
  #readArgs(): boolean {
    const bytes = this.#bytes;
    while (this.#missing > 0) {
      if (this.#bulkBytes < 0) {
        const length = this.#count(DOLLAR);
        if (length === undefined) return false;
        this.#bulkBytes = length;
      }
      const start = this.#at;
      const end = start + this.#bulkBytes;
      if (end + 2 > this.#end) return false;
      const at = this.#argCount++;
      this.#args[at] = at === 0 ? this.#names.text(bytes, start, end) : bytes.latin1Slice(start, end);
      this.#scanned = this.#at = end + 2;
      this.#bulkBytes = -1;
      this.#missing--;
    }
    return true;
  }

  /**
   * The count in a line that starts with `mark` ("*3", "$10"), moving past it. Undefined when the line is not
   * complete or wrong.
   */
  #count(mark: number): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    if (bytes[this.#at] === mark) {
      // Up to nine plain digits, the usual case; everything else is left to the exact reading below.
      let value = 0;
      const limit = Math.min(this.#end - 1, at + 9);
      while (at < limit) {
        const digit = (bytes[at] as number) - ZERO;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
        at++;
      }
      const digits = at - this.#at - 1;
      if (
        digits > 0 &&
        at < this.#end - 1 &&
        bytes[at] === CR &&
        (digits === 1 || bytes[this.#at + 1] !== ZERO) &&
        value <= (mark === DOLLAR ? this.maxBulkBytes : multibulkLimit) &&
        !this.authRequired
      ) {
        this.#scanned = this.#at = at + 2;
        return value;
      }
    }
    return this.#exactCount(mark);
  }

  #exactCount(mark: number): number | undefined {
    const multibulk = mark === STAR;
    const newline = this.#find(CR);
    if (newline < 0) {
      if (this.#end - this.#at > inlineLimitBytes) {
        return multibulk
          ? this.#fail('too big mbulk count string', 'too big mbulk count string')
          : this.#fail('too big bulk count string', 'too big bulk count string');
      }
      return undefined;
    }
    if (newline + 2 > this.#end) return undefined;
    const first = this.#bytes[this.#at] as number;
    if (first !== mark) {
      // A NUL byte ends the text, as it does in C.
      const got = first === 0 ? '' : `${String.fromCharCode(first)}'`;
      return this.#fail(`expected '$', got '${got}`, 'expected $ but got something else');
    }
    const count = parseInt64(this.#bytes.latin1Slice(this.#at + 1, newline));
    const value = count === undefined ? undefined : Number(count);
    if (multibulk) {
      if (value === undefined || value > multibulkLimit)
        return this.#fail('invalid multibulk length', 'invalid mbulk count');
      if (this.authRequired && value > unauthenticatedArgs)
        return this.#fail('unauthenticated multibulk length', 'unauth mbulk count');
    } else {
      if (value === undefined || value < 0 || value > this.maxBulkBytes)
        return this.#fail('invalid bulk length', 'invalid bulk length');
      if (this.authRequired && value > unauthenticatedBulkBytes)
        return this.#fail('unauthenticated bulk length', 'unauth bulk length');
    }
    this.#scanned = this.#at = newline + 2;
    return value;
  }

  /** Where `byte` is in the current line; -1 when it is not there, or only behind a NUL, as C's strchr sees it. */
  #find(byte: number): number {
    const view = this.#bytes.subarray(0, this.#end);
    const found = view.indexOf(byte, Math.max(this.#scanned, this.#at));
    if (found < 0) {
      this.#scanned = this.#end;
      return -1;
    }
    const nul = view.subarray(0, found).indexOf(0, this.#at);
    return nul < 0 ? found : -1;
  }

  /** Moves past a note; returns no arguments. */
  #note(): string[] | undefined {
    if (this.#bytes[this.#at] !== HASH)
      return this.#fail('expected a request', 'neither a request nor a note');
    const newline = this.#find(LF);
    if (newline < 0) {
      if (this.#end - this.#at > inlineLimitBytes) return this.#fail('too long note', 'too long note');
      return undefined;
    }
    this.#scanned = this.#at = newline + 1;
    return [];
  }

  #inlineRequest(): string[] | undefined {
    const newline = this.#find(LF);
    if (newline < 0) {
      if (this.#end - this.#at > inlineLimitBytes)
        return this.#fail('too big inline request', 'too big inline request');
      return undefined;
    }
    const end = newline > this.#at && this.#bytes[newline - 1] === CR ? newline - 1 : newline;
    const line = this.#bytes.latin1Slice(this.#at, end);
    const args = splitArgs(line);
    if (args === undefined)
      return this.#fail('unbalanced quotes in request', 'unbalanced quotes in inline request');
    if (this.fromMaster && line.length > 0)
      return this.#fail('inline request from the master', 'Master using the inline protocol. Desync?');
    this.#scanned = this.#at = newline + 1;
    return args;
  }
}
