/**
 * Owns the replica's end of the link to its master, as a pure machine: bytes come in, what to do goes out through LinkEffects.
 * One link lives as long as one connection: handshake, PSYNC, the RDB in either framing, the stream. Never knows a socket,
 * a clock or the keyspace.
 * Source: Redis replication.c syncWithMaster, slaveTryPartialResynchronization, readSyncBulkPayload; networking.c commandProcessed.
 */
import { messageOf } from '../../core/errors.ts';
import { request } from '../../protocol/resp/encode.ts';
import { RequestParser } from '../../protocol/resp/request-parser.ts';
import type { LogLevel } from '../parts/basics.ts';
import { RdbFraming } from './rdb-framing.ts';

export interface LinkOptions {
  /** How to log in; `user` '' for the default one. Absent when there is no password. */
  readonly auth: { readonly user: string; readonly password: string } | undefined;
  readonly listeningPort: number;
  /** '' when it is not announced. */
  readonly announcedIp: string;
  /** What this node has of a history that the master may know; PSYNC goes on from there. */
  readonly cached: { readonly id: string; readonly offset: number } | undefined;
  /** The other end is a replica that is to become the master (FAILOVER). */
  readonly takeOver: boolean;
}

export interface LinkEffects {
  send(text: string): void;
  log(level: LogLevel, message: string): void;
  /**
   * The master sends everything: the data will be that of `offset` in the history `id`. Both undefined when it does not
   * know PSYNC, and tells neither.
   */
  fullSyncBegins(id: string | undefined, offset: number | undefined): void;
  /** The size of the RDB; undefined when it ends at a mark. */
  transferBegins(sizeBytes: number | undefined): void;
  /** The next bytes of the RDB. Throws when it must be refused. */
  rdb(bytes: Buffer): void;
  /** The RDB is there. Its loading ends with `startStream`. Throws when it must be refused. */
  transferEnds(): void;
  /** The other end does not take over. */
  takeOverRefused(): void;
  /** The master goes on where this node stopped; under a new name of the history, if one is given. */
  partialSync(id: string | undefined): void;
  /** Whether a script runs long here, or writes are paused, so that the stream has to wait; `goOn` is called when it may be over. */
  busy(): boolean;
  /** A command of the stream. Returns false while a transaction is open, whose bytes count only when it is done. */
  apply(argv: readonly string[]): boolean;
  /** Bytes of the stream that were applied. */
  applied(bytes: Uint8Array): void;
  /** The link is of no use any more. The owner closes the connection. */
  failed(reason: string): void;
}

export type LinkState = 'connecting' | 'handshake' | 'transfer' | 'loading' | 'stream' | 'failed';

const isGetAck = (argv: readonly string[]): boolean =>
  argv.length === 3 && argv[0]?.toUpperCase() === 'REPLCONF' && argv[1]?.toUpperCase() === 'GETACK';

const MAX_LINE_BYTES = 4096;
const LF = 10;

export class MasterLink {
  state: LinkState = 'connecting';
  readonly #options: LinkOptions;
  readonly #effects: LinkEffects;
  /** What the next lines answer, in order. */
  readonly #expected: ((line: string) => void)[] = [];
  #line = '';
  #framing: RdbFraming | undefined;
  /** Bytes that came behind the RDB before the stream began. */
  #early: Buffer[] = [];
  readonly #parser = new RequestParser();
  /** Offset of the stream's beginning, then of what is applied. */
  #startOffset = -1;
  #offset = -1;
  /** A transaction is open: its bytes count when it is done. */
  #inTransaction = false;
  /** The master knows no offsets: they are not told to it. */
  #plainSync = false;
  /** Bytes of the stream that came and are not applied yet. */
  readonly #unapplied: Buffer[] = [];

  constructor(options: LinkOptions, effects: LinkEffects) {
    this.#options = options;
    this.#effects = effects;
  }

  /** Offset of the last byte applied; -1 before the stream. */
  get offset(): number {
    return this.#offset;
  }

  /** Offset of the last byte that came; -1 before the stream. */
  get readOffset(): number {
    return this.#offset < 0 ? -1 : this.#startOffset + this.#parser.consumedBytes + this.#parser.pendingBytes;
  }

  /** The RDB that is being received or loaded, once the master has told how it comes. */
  get framing(): RdbFraming | undefined {
    return this.#framing;
  }

  /** The connection is there. */
  connected(): void {
    this.state = 'handshake';
    this.#ask(['PING'], (line) => this.#pingAnswered(line));
  }

  receive(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && this.state !== 'failed') {
      if (this.state === 'stream') {
        this.#receiveStream(rest);
        return;
      }
      if (this.state === 'loading') {
        this.#early.push(rest);
        return;
      }
      rest = this.#framing ? this.#receiveRdb(this.#framing, rest) : this.#receiveLine(rest);
    }
  }

  /** The data of `offset` are loaded (or were there): commands follow. */
  startStream(offset: number): void {
    this.state = 'stream';
    this.#startOffset = offset;
    this.#offset = offset;
    this.#parser.fromMaster = true;
    this.#parser.maxBulkBytes = Number.POSITIVE_INFINITY;
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) if (this.state === 'stream') this.#receiveStream(chunk);
  }

  /** REPLCONF ACK with what is applied. */
  acknowledge(): void {
    if (this.state === 'stream' && !this.#plainSync) this.#sendAck();
  }

  /** The data are in place. Behind a mark the master waits for this before it goes on, though it was asked with SYNC. */
  acknowledgeData(): void {
    const atMark = this.#framing?.sizeBytes === undefined;
    if (this.state === 'stream' && (atMark || !this.#plainSync)) this.#sendAck();
  }

  #sendAck(): void {
    this.#effects.send(request(['REPLCONF', 'ACK', String(this.#offset)]));
  }

  #fail(reason: string): void {
    if (this.state === 'failed') return;
    this.state = 'failed';
    this.#effects.failed(reason);
  }

  #ask(argv: readonly string[], answered: (line: string) => void): void {
    this.#expected.push(answered);
    this.#effects.send(request(argv));
  }

  /** Takes one line, or the part of it that is there; returns what follows it. */
  #receiveLine(bytes: Buffer): Buffer {
    const newline = bytes.indexOf(LF);
    this.#line += bytes.latin1Slice(0, newline < 0 ? bytes.length : newline);
    if (this.#line.length > MAX_LINE_BYTES) {
      this.#fail('The master sent a line without an end');
      return bytes;
    }
    if (newline < 0) return bytes.subarray(bytes.length);
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    // An empty line only says that the master is there.
    if (line !== '') {
      if (this.state === 'transfer') this.#headerReceived(line);
      else this.#expected.shift()?.(line);
    }
    return bytes.subarray(newline + 1);
  }

  #pingAnswered(line: string): void {
    const known = ['+', '-NOAUTH', '-NOPERM', '-ERR operation not permitted'];
    if (!known.some((start) => line.startsWith(start))) {
      this.#fail(`Error reply to PING from master: '${line}'`);
      return;
    }
    this.#effects.log('notice', 'Master replied to PING, replication can continue...');
    const { auth, listeningPort, announcedIp } = this.#options;
    if (auth)
      this.#ask(auth.user === '' ? ['AUTH', auth.password] : ['AUTH', auth.user, auth.password], (reply) => {
        if (reply.startsWith('-')) this.#fail(`Unable to AUTH to MASTER: ${reply}`);
      });
    const tolerate = (option: string) => (reply: string) => {
      if (reply.startsWith('-'))
        this.#effects.log('notice', `(Non critical) Master does not understand REPLCONF ${option}: ${reply}`);
    };
    this.#ask(['REPLCONF', 'listening-port', String(listeningPort)], tolerate('listening-port'));
    if (announcedIp !== '') this.#ask(['REPLCONF', 'ip-address', announcedIp], tolerate('ip-address'));
    const capabilities = tolerate('capa');
    this.#ask(['REPLCONF', 'capa', 'eof', 'capa', 'psync2'], (reply) => {
      capabilities(reply);
      this.#psync();
    });
  }

  #psync(): void {
    const { cached, takeOver } = this.#options;
    const id = cached?.id ?? '?';
    const offset = String(cached === undefined ? -1 : cached.offset + 1);
    this.#effects.log(
      'notice',
      cached
        ? `Trying a partial resynchronization (request ${id}:${offset}).`
        : 'Partial resynchronization not possible (no cached master)',
    );
    const question = takeOver ? ['PSYNC', id, offset, 'FAILOVER'] : ['PSYNC', id, offset];
    this.#ask(question, (line) => this.#psyncAnswered(line));
  }

  #psyncAnswered(line: string): void {
    const { log } = this.#effects;
    const full = /^\+FULLRESYNC ([0-9a-f]{40}) (\d{1,16})$/i.exec(line);
    if (full) {
      const [, id = '', offset = ''] = full;
      log('notice', `Full resync from master: ${id}:${offset}`);
      this.#beginTransfer(id.toLowerCase(), Number(offset));
      return;
    }
    const { cached, takeOver } = this.#options;
    if (line.startsWith('+CONTINUE') && cached) {
      log('notice', 'Successful partial resynchronization with master.');
      const id = /^\+CONTINUE ([0-9a-f]{40})$/i.exec(line)?.[1]?.toLowerCase();
      this.#effects.partialSync(id === cached.id ? undefined : id);
      log('notice', 'MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.');
      this.startStream(cached.offset);
      return;
    }
    const later = line.startsWith('-NOMASTERLINK') || line.startsWith('-LOADING');
    if (later) log('notice', `Master is currently unable to PSYNC but should be in the future: ${line}`);
    else if (line.startsWith('-ERR'))
      log('notice', `Master does not support PSYNC or is in error state (reply: ${line})`);
    else log('warning', `Unexpected reply to PSYNC from master: ${line}`);
    if (takeOver) {
      this.state = 'failed';
      this.#effects.takeOverRefused();
    } else if (later || line.startsWith('+')) {
      this.#fail('The master did not accept PSYNC, trying again later');
    } else {
      log('notice', 'Retrying with SYNC...');
      this.#plainSync = true;
      this.#effects.send('SYNC\r\n');
      this.#beginTransfer(undefined, undefined);
    }
  }

  #beginTransfer(id: string | undefined, offset: number | undefined): void {
    this.state = 'transfer';
    try {
      this.#effects.fullSyncBegins(id, offset);
    } catch (error) {
      this.#fail(messageOf(error));
    }
  }

  #headerReceived(line: string): void {
    const framing = RdbFraming.fromHeader(line);
    if (framing === undefined) {
      this.#fail(
        line.startsWith('-')
          ? `MASTER aborted replication with an error: ${line.slice(1)}`
          : `Bad protocol from MASTER, the first byte is not '$' (we received '${line.slice(0, 100)}'), are you sure the host and port are right?`,
      );
      return;
    }
    this.#framing = framing;
    this.#effects.transferBegins(framing.sizeBytes);
    if (framing.done) this.#receiveRdb(framing, Buffer.alloc(0));
  }

  /** Takes what belongs to the RDB; returns what follows. */
  #receiveRdb(framing: RdbFraming, bytes: Buffer): Buffer {
    try {
      const used = framing.receive(bytes, (part) => this.#effects.rdb(part));
      if (framing.done) {
        this.state = 'loading';
        this.#effects.transferEnds();
      }
      return bytes.subarray(used);
    } catch (error) {
      this.#fail(`Failed trying to load the MASTER synchronization DB: ${messageOf(error)}`);
      return bytes;
    }
  }

  #receiveStream(bytes: Buffer): void {
    this.#unapplied.push(bytes);
    this.#parser.feed(bytes);
    this.goOn();
  }

  /** Applies what has come of the stream, unless this node is busy. */
  goOn(): void {
    const parser = this.#parser;
    const before = this.#offset;
    while (this.state === 'stream' && !this.#effects.busy()) {
      const argv = parser.next();
      if (argv === undefined) break;
      // What asks for the offset is not counted in the answer.
      if (isGetAck(argv)) this.acknowledge();
      else this.#inTransaction = !this.#effects.apply(argv);
      if (!this.#inTransaction) this.#offset = this.#startOffset + parser.consumedBytes;
    }
    if (this.#offset > before) this.#forward(this.#offset - before);
    if (parser.error !== undefined) this.#fail(`The master's stream is broken: ${parser.error}`);
  }

  /** Hands on the first `count` of the bytes that were not applied before. */
  #forward(count: number): void {
    let left = count;
    while (left > 0) {
      const chunk = this.#unapplied[0] as Buffer;
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (part.length === chunk.length) this.#unapplied.shift();
      else this.#unapplied[0] = chunk.subarray(part.length);
      this.#effects.applied(part);
    }
  }
}
