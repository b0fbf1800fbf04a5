/**
 * Owns the moving of keys to another node, as MIGRATE wants it: while a batch is on its way its keys are held, so that no
 * client sees or changes them; a key is deleted here only when the target has said that it has it. Connections are kept for
 * the next batch. Source: Redis cluster.c migrateCommand, migrateGetSocket, migrateCloseTimedoutSockets.
 */
import { ByteWriter } from '../../core/bytes.ts';
import type { Timer } from '../../core/clock.ts';
import { writeDump } from '../../protocol/rdb/dump.ts';
import { error, OK, request } from '../../protocol/resp/encode.ts';
import type { Value } from '../keyspace/value.ts';
import type { MigrateRequest, Migration } from '../parts/cluster.ts';
import type { Database } from '../parts/keyspace.ts';
import type { NodeParts } from '../parts/node.ts';
import { ByteString } from '../types/string/byte-string.ts';
import { typeOf } from '../types/types.ts';
import { type ExchangeFailure, TargetSocket } from './target-socket.ts';

/** Of these, `dispatch`, `propagation`, `replication` and `cluster` are asked for only once the node runs. */
export type MigrationDeps = Pick<
  NodeParts,
  'clock' | 'config' | 'stats' | 'tls' | 'dispatch' | 'propagation' | 'replication' | 'cluster'
>;

const MAX_SOCKETS = 64;
const IDLE_LIMIT_MS = 10_000;

/** A key on its way, as it was sent. */
interface SentKey {
  readonly key: string;
  readonly value: Value;
  readonly expireAtMs: number;
}

interface Attempt {
  readonly request: MigrateRequest;
  readonly answer: (reply: string) => void;
  readonly release: () => void;
  /** A connection that was kept may be dead: then a new one is tried, once. */
  mayRetry: boolean;
}

class NodeMigration implements Migration {
  readonly #deps: MigrationDeps;
  /** Connections without work, the one used last at the end. */
  #idle: TargetSocket[] = [];
  readonly #sockets = new Set<TargetSocket>();
  readonly #closeIdleTimer: Timer;
  #closed = false;

  constructor(deps: MigrationDeps) {
    this.#deps = deps;
    this.#closeIdleTimer = deps.clock.every(1000, () => {
      const oldestMs = deps.clock.nowMs() - IDLE_LIMIT_MS;
      for (const socket of this.#idle.filter(({ lastUsedMs }) => lastUsedMs < oldestMs)) socket.close();
    });
  }

  start(request: MigrateRequest, answer: (reply: string) => void): void {
    const release = this.#deps.dispatch.holdKeys(request.db.index, request.keys);
    this.#try({ request, answer, release, mayRetry: true });
  }

  #try(attempt: Attempt): void {
    const { host, port, timeoutMs } = attempt.request;
    const at = this.#idle.findLastIndex((socket) => socket.address === `${host}:${port}`);
    const kept = this.#idle[at];
    if (kept !== undefined) {
      this.#idle.splice(at, 1);
      this.#send(attempt, kept);
      return;
    }
    if (this.#sockets.size >= MAX_SOCKETS) this.#idle[0]?.close();
    const socket = new TargetSocket(
      this.#deps.clock,
      this.#deps.tls.dial('cluster', { host, port }),
      `${host}:${port}`,
      timeoutMs,
      (failure) => {
        if (failure === undefined) this.#send(attempt, socket);
        else this.#end(attempt, [], replyFor(undefined, failure));
      },
      (closed) => this.#forget(closed),
    );
    this.#sockets.add(socket);
    this.#deps.stats.migrateCachedSockets = this.#sockets.size;
  }

  #forget(socket: TargetSocket): void {
    this.#sockets.delete(socket);
    this.#idle = this.#idle.filter((other) => other !== socket);
    this.#deps.stats.migrateCachedSockets = this.#sockets.size;
  }

  #send(attempt: Attempt, socket: TargetSocket): void {
    const { auth, targetDb, timeoutMs } = attempt.request;
    const writer = new ByteWriter(4096);
    if (auth) writer.latin1(request(['AUTH', ...auth]));
    const selects = socket.selectedDb !== targetDb;
    if (selects) writer.latin1(request(['SELECT', String(targetDb)]));
    const sent = this.#writeKeys(writer, attempt.request);
    const prefaceLines = (auth ? 1 : 0) + (selects ? 1 : 0);

    let lines = 0;
    let prefaceRefusal: string | undefined;
    let refusal: string | undefined;
    const accepted: SentKey[] = [];
    socket.exchange(
      writer.bytes(),
      prefaceLines + sent.length,
      timeoutMs,
      (line) => {
        const refused = line.startsWith('-') ? line.slice(1) : undefined;
        if (lines++ < prefaceLines) {
          prefaceRefusal ??= refused;
          return;
        }
        const because = prefaceRefusal ?? refused;
        if (because === undefined) accepted.push(sent[lines - 1 - prefaceLines] as SentKey);
        else refusal ??= because;
      },
      (failure) => {
        socket.selectedDb = refusal === undefined && failure === undefined ? targetDb : -1;
        if (failure === undefined) this.#keep(socket);
        const nothingAnswered = lines <= prefaceLines;
        if (failure && nothingAnswered && !failure.timedOut && attempt.mayRetry && !this.#closed) {
          attempt.mayRetry = false;
          this.#try(attempt);
        } else {
          this.#end(attempt, accepted, replyFor(refusal, failure));
        }
      },
    );
  }

  #keep(socket: TargetSocket): void {
    if (socket.closed) return;
    if (this.#sockets.size > MAX_SOCKETS) socket.close();
    else this.#idle.push(socket);
  }

  /** A RESTORE for each key that is still there. */
  #writeKeys(writer: ByteWriter, { db, keys, replace }: MigrateRequest): SentKey[] {
    const { clock, config, cluster } = this.#deps;
    const compress = config.flag('rdbcompression');
    const head = `*${replace ? 5 : 4}\r\n${cluster ? '$14\r\nRESTORE-ASKING' : '$7\r\nRESTORE'}\r\n$`;
    const tail = replace ? '\r\n$7\r\nREPLACE\r\n' : '\r\n';
    const nowMs = clock.nowMs();
    const payload = new ByteWriter(1024);
    const sent: SentKey[] = [];
    for (const key of keys) {
      const entry = db.peek(key);
      if (entry === undefined) continue;
      const { value, expireAtMs } = entry;
      const ttlMs = expireAtMs === -1 ? 0 : Math.max(1, expireAtMs - nowMs);
      // From now on a change in place makes another value of it, which is then seen to be not the one that was sent.
      if (value instanceof ByteString) value.shared = true;
      sent.push({ key, value, expireAtMs });
      payload.clear();
      writeDump(payload, typeOf(value).toRdb(value), compress);
      const ttl = String(ttlMs);
      writer.latin1(`${head}${key.length}\r\n${key}\r\n$${ttl.length}\r\n${ttl}\r\n$${payload.length}\r\n`);
      writer.raw(payload.bytes());
      writer.latin1(tail);
    }
    return sent;
  }

  /** Deletes what the target has, lets the keys go and answers. */
  #end(attempt: Attempt, accepted: readonly SentKey[], reply: string): void {
    const { request, release, answer } = attempt;
    const kept = request.copy ? 0 : this.#deleteAccepted(request.db, accepted);
    release();
    answer(
      kept > 0 && reply === OK
        ? error(
            `ERR ${kept} keys were not deleted here: they changed on their way, or this node is no master any more`,
          )
        : reply,
    );
  }

  /** Returns how many were not deleted, because they are no longer what was sent. */
  #deleteAccepted(db: Database, accepted: readonly SentKey[]): number {
    const { replication, propagation } = this.#deps;
    const deleted: string[] = [];
    let kept = 0;
    for (const { key, value, expireAtMs } of accepted) {
      // A key that has expired meanwhile is gone after this, too.
      const entry = db.lookupWrite(key);
      if (entry === undefined) continue;
      // As a replica, this node leaves it to its master.
      if (entry.value !== value || entry.expireAtMs !== expireAtMs || replication.role === 'replica') {
        kept++;
        continue;
      }
      db.delete(key);
      db.notify('g', 'del', key);
      deleted.push(key);
    }
    if (deleted.length > 0) propagation.feed(db.index, ['DEL', ...deleted]);
    return kept;
  }

  close(): void {
    this.#closed = true;
    this.#closeIdleTimer.cancel();
    for (const socket of [...this.#sockets]) socket.close();
  }
}

function replyFor(refusal: string | undefined, failure: ExchangeFailure | undefined): string {
  if (refusal !== undefined) return error(`ERR Target instance replied with error: ${refusal}`);
  if (failure === undefined) return OK;
  if (failure.phase === 'connecting') return error('IOERR error or timeout connecting to the client');
  return error(`IOERR error or timeout ${failure.phase} to target instance`);
}

/** The part that moves keys to other nodes. */
export function createMigration(deps: MigrationDeps): Migration {
  return new NodeMigration(deps);
}
