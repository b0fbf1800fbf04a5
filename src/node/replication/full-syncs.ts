/**
 * Owns the full synchronisations of replicas: when they begin, which replicas share one, and what each of them is sent
 * until it has the data. What follows them is the master side's. Source: Redis replication.c startBgsaveForReplication,
 * shouldStartChildReplication, replicationSetupSlaveForFullResync.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { Config, Log } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import { RdbEncoder } from '../persistence/rdb-encoder.ts';
import { Snapshot } from '../persistence/snapshot.ts';
import type { ReplicaPeer } from './peer.ts';
import type { ReplicationStream } from './stream.ts';
import { Transfer } from './transfer.ts';

export interface FullSyncDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly config: Config;
  readonly databases: readonly Database[];
  readonly stream: ReplicationStream;
  /** The database that the stream has selected, for a replica that serves replicas of its own; -1 on a master. */
  readonly masterStreamDb: () => number;
}

interface FullSyncsDeps extends FullSyncDeps {
  /** Replicas that wait for theirs, in the order in which they came. */
  readonly waiting: () => readonly ReplicaPeer[];
  /** Replicas have got their offsets: from there on the stream must be kept for them. */
  readonly onBegun: () => void;
  /** A replica has been sent everything. */
  readonly onTransferred: (peer: ReplicaPeer, byMark: boolean) => void;
  readonly drop: (peer: ReplicaPeer, reason: string) => void;
}

const MARK_LENGTH = 40;

/** Replicas that get the same bytes. */
interface TransferGroup {
  readonly peers: ReplicaPeer[];
  /** The RDB ends at a mark; otherwise its length comes first. */
  readonly byMark: boolean;
  readonly excludeData: boolean;
}

export class FullSyncs {
  readonly #deps: FullSyncsDeps;
  readonly #transfers = new Set<Transfer>();
  #startTimer: Timer | undefined;
  #closed = false;

  constructor(deps: FullSyncsDeps) {
    this.#deps = deps;
  }

  /** In a turn of its own: those that ask at the same time share one snapshot. */
  startSoon(): void {
    if (this.#closed) return;
    this.#startTimer ??= this.#deps.clock.after(0, () => {
      this.#startTimer = undefined;
      this.startWaiting();
    });
  }

  /** How long replicas wait for others to share a synchronisation with. */
  #delayMs(): number {
    const { config } = this.#deps;
    // The default of five seconds saves forks; a snapshot here costs none, so only who asks for a delay gets it.
    const wanted =
      config.wasGiven('repl-diskless-sync-delay') || config.number('repl-diskless-sync-delay') !== 5;
    return config.flag('repl-diskless-sync') && wanted ? config.number('repl-diskless-sync-delay') * 1000 : 0;
  }

  /** Begins the synchronisation of the replicas that wait, unless they should wait for more. */
  startWaiting(): void {
    const { clock, config, databases } = this.#deps;
    const waiting = this.#deps.waiting();
    const first = waiting[0];
    if (first === undefined) return;
    const enough = config.number('repl-diskless-sync-max-replicas');
    const waitedMs = clock.nowMs() - first.attachedAtMs;
    if (waitedMs < this.#delayMs() && !(enough > 0 && waiting.length >= enough)) return;
    for (const group of this.#groups(waiting)) {
      // One snapshot at a time; these wait for the end of the other transfer.
      if (!group.excludeData && databases.some(({ snapshot }) => snapshot !== undefined)) continue;
      this.#startTransfer(group);
    }
  }

  /** Those that can share a transfer. */
  #groups(waiting: readonly ReplicaPeer[]): TransferGroup[] {
    const { config } = this.#deps;
    const groups: TransferGroup[] = [];
    for (const peer of waiting) {
      const { excludeData } = peer;
      const byMark = peer.eofCapable && (config.flag('repl-diskless-sync') || excludeData);
      const group = groups.find((each) => each.byMark === byMark && each.excludeData === excludeData);
      if (group) group.peers.push(peer);
      else groups.push({ peers: [peer], byMark, excludeData });
    }
    return groups;
  }

  #startTransfer({ peers, byMark, excludeData }: TransferGroup): void {
    const { clock, config, databases, log, random, stream, onBegun, onTransferred, drop } = this.#deps;
    const { offset } = stream;
    const masterDb = this.#deps.masterStreamDb();
    const replication = {
      streamDb: masterDb < 0 ? Math.max(0, stream.selectedDb) : masterDb,
      id: stream.id,
      offset,
    };
    const encoder = new RdbEncoder({ config, databases, nowMs: clock.nowMs(), replication });
    const snapshot = new Snapshot(excludeData ? [] : databases, encoder);
    // What follows the snapshot must name its database anew: the new replicas have not seen the last SELECT.
    stream.selectedDb = -1;
    for (const peer of peers) {
      peer.state = 'transfer';
      peer.nextOffset = offset + 1;
      if (!peer.plainSync) peer.session.write(`+FULLRESYNC ${stream.id} ${offset}\r\n`);
    }
    onBegun();
    log('notice', `Sending an RDB of the data set to ${peers.map((peer) => peer.name).join(', ')}`);
    const transfer = new Transfer({
      clock,
      pieces: snapshot.pieces(),
      mark: byMark ? random.hex(MARK_LENGTH) : undefined,
      peers,
      timeoutMs: () => config.number('repl-timeout') * 1000,
      onDone: (peer) => onTransferred(peer, byMark),
      onStuck: (peer) => drop(peer, `Disconnecting timedout replica (full sync): ${peer.name}`),
      onEnd: () => {
        snapshot.release();
        this.#transfers.delete(transfer);
        this.startSoon();
      },
    });
    this.#transfers.add(transfer);
    transfer.start();
  }

  /** The replica is gone. */
  remove(peer: ReplicaPeer): void {
    for (const transfer of this.#transfers) transfer.remove(peer);
  }

  close(): void {
    this.#closed = true;
    this.#startTimer?.cancel();
    for (const transfer of this.#transfers) transfer.stop();
  }
}
