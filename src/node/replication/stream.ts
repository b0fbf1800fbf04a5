/**
 * Owns the node's replication stream: its names (replication ids), its offset, and what is written to it. On a master the
 * stream is made here of the writes; on a replica it is the master's, byte for byte. What one turn of the event loop writes
 * goes out together. Source: Redis replication.c replicationFeedSlaves, changeReplicationId, shiftReplicationId.
 */
import type { Random } from '../../core/random.ts';
import { Backlog } from './backlog.ts';

const NO_ID = '0'.repeat(40);
const GETACK = ['REPLCONF', 'GETACK', '*'];

export class ReplicationStream {
  /** Names this history of writes: who shares it and an offset has the same data. 40 hexadecimal characters. */
  id: string;
  /** The history that this one continues, up to and without `secondOffset`; zeros when there is none. */
  secondId = NO_ID;
  secondOffset = -1;
  /** The database that the stream has selected; -1 makes the next write select its own. */
  selectedDb = -1;
  readonly #random: Random;
  /** Called at the end of a turn that wrote. */
  readonly #onFlushed: () => void;
  /** Whether replicas may be asked for their offsets: not while the offset must stand still. */
  readonly #mayAsk: () => boolean;
  #backlog: Backlog | undefined;
  /** Where the stream stands without a backlog. */
  #offset = 0;
  #flushScheduled = false;
  #acksWanted = false;

  constructor(random: Random, onFlushed: () => void, mayAsk: () => boolean = () => true) {
    this.#random = random;
    this.#onFlushed = onFlushed;
    this.#mayAsk = mayAsk;
    this.id = random.hex(40);
  }

  /** Bytes of the stream so far, the offset of the last one. Stands still while there is no backlog. */
  get offset(): number {
    return this.#backlog?.endOffset ?? this.#offset;
  }

  /** Absent until somebody may need it. */
  get backlog(): Backlog | undefined {
    return this.#backlog;
  }

  openBacklog(capacityBytes: number): void {
    this.#backlog ??= new Backlog(this.#offset, capacityBytes);
  }

  /** A master that nobody follows forgets its backlog; what was named by the ids is no longer known. */
  dropBacklog(): void {
    this.#offset = this.offset;
    this.#backlog = undefined;
  }

  /** A new history begins, with nothing before it. */
  renewId(): void {
    this.id = this.#random.hex(40);
    this.clearSecondId();
  }

  clearSecondId(): void {
    this.secondId = NO_ID;
    this.secondOffset = -1;
  }

  /** A new history begins here, and continues the old one: what was written so far holds for both. */
  shiftId(id = this.#random.hex(40)): void {
    this.secondId = this.id;
    this.secondOffset = this.offset + 1;
    this.id = id;
  }

  knows(id: string): boolean {
    return id === this.id || id === this.secondId;
  }

  /** Why a replica cannot go on at `offset` of the history `id` (in lower case), in Redis's words; undefined when it can. */
  refusalOf(id: string, offset: number, replica: string): string | undefined {
    if (id === '?') return `Full resync requested by replica ${replica}`;
    if (id !== this.id && id !== this.secondId)
      return (
        `Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '${id}', ` +
        `my replication IDs are '${this.id}' and '${this.secondId}')`
      );
    if (id !== this.id && offset > this.secondOffset)
      return (
        `Partial resynchronization not accepted: Requested offset for second ID was ${offset}, ` +
        `but I can reply up to ${this.secondOffset}`
      );
    if (!this.#backlog?.reaches(offset))
      return `Unable to partial resync with replica ${replica} for lack of backlog (Replica request was: ${offset}).`;
    return undefined;
  }

  /** The stream is another master's from here on: `offset` is that of the data just loaded. */
  restart(id: string, offset: number, capacityBytes: number): void {
    this.id = id;
    this.clearSecondId();
    this.#backlog = new Backlog(offset, capacityBytes);
  }

  /** The data are those that a history had when this node ended: it goes on from there, under its name again. */
  resume(id: string): void {
    this.id = id;
    this.clearSecondId();
  }

  /** The data were read from disk: replicas that were there may go on from it under the new name. */
  restore(id: string, offset: number, capacityBytes: number): void {
    this.secondId = id;
    this.secondOffset = offset + 1;
    this.#backlog = new Backlog(offset, capacityBytes);
  }

  /** Writes a command of database `dbIndex`; -1 for one that has nothing to do with databases. */
  feed(dbIndex: number, argv: readonly string[]): void {
    const backlog = this.#backlog;
    if (backlog === undefined) return;
    if (dbIndex !== this.selectedDb && dbIndex >= 0) {
      this.selectedDb = dbIndex;
      backlog.appendRequest(['SELECT', String(dbIndex)]);
    }
    backlog.appendRequest(argv);
    this.#flushLater();
  }

  /** Asks all replicas for their offsets, once, behind what this turn of the event loop writes. */
  requestAcks(): void {
    this.#acksWanted = true;
    this.#flushLater();
  }

  /** Bytes of the master's stream that were applied here. */
  appendApplied(bytes: Uint8Array): void {
    this.#backlog?.append(bytes);
    this.#flushLater();
  }

  /** Has what was written sent. */
  flush(): void {
    if (this.#acksWanted && this.#mayAsk()) {
      this.#acksWanted = false;
      this.#backlog?.appendRequest(GETACK);
    }
    this.#onFlushed();
  }

  /** When all sockets that were readable in this turn of the event loop have had their commands run. */
  #flushLater(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.flush();
    });
  }
}
