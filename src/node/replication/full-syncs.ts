/**
 * Owns the full synchronisations of replicas: when they begin, which replicas share one, and what each of them is sent
 * until it has the data. A replica that takes an RDB up to a mark gets it as it is made; for others, or without
 * repl-diskless-sync, it is saved by a BGSAVE first, which has a length. What follows is the master side's.
 * Source: Redis replication.c startBgsaveForReplication, shouldStartChildReplication, replicationSetupSlaveForFullResync,
 * updateSlavesWaitingBgsave, removeRDBUsedToSyncReplicas.
 */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { error } from '../../protocol/resp/encode.ts';
import { systemErrorText, toPath } from '../config/special.ts';
import type { Config, Log } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import type { Persistence } from '../parts/persistence.ts';
import type { FunctionLibraries } from '../parts/scripts.ts';
import { KeyDelay } from '../persistence/key-delay.ts';
import { RdbEncoder } from '../persistence/rdb-encoder.ts';
import type { ReplicaPeer } from './peer.ts';
import { openRdbFile, type RdbFile } from './rdb-file.ts';
import type { ReplicationStream } from './stream.ts';
import { Transfer } from './transfer.ts';

export interface FullSyncDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly config: Config;
  readonly databases: readonly Database[];
  /** Asked for only once the node runs. */
  readonly persistence: () => Pick<Persistence, 'background' | 'saves'>;
  readonly libraries: () => Pick<FunctionLibraries, 'all'>;
  readonly stream: ReplicationStream;
  /** The database that the stream has selected, for a replica that serves replicas of its own; -1 on a master. */
  readonly masterStreamDb: () => number;
  /** A script is interrupted: what it wrote is in the data, and not in the stream yet. */
  readonly scriptIsOpen: () => boolean;
}

interface FullSyncsDeps extends FullSyncDeps {
  readonly peers: () => readonly ReplicaPeer[];
  /** Replicas have got their offsets: from there on the stream must be kept for them. */
  readonly onBegun: () => void;
  /** A replica has been sent everything. */
  readonly onTransferred: (peer: ReplicaPeer, byMark: boolean) => void;
  readonly drop: (peer: ReplicaPeer, reason: string) => void;
}

const MARK_LENGTH = 40;

/** A BGSAVE for replicas: those that wait for it have the stream from `offset` on kept for them. */
interface SyncSave {
  readonly peers: Set<ReplicaPeer>;
  readonly offset: number;
}

export class FullSyncs {
  readonly #deps: FullSyncsDeps;
  readonly #transfers = new Set<Transfer>();
  #save: SyncSave | undefined;
  /** dump.rdb is there for replicas only (rdb-del-sync-files). */
  #savedForReplicas = false;
  #startTimer: Timer | undefined;
  #listening = false;
  #closed = false;

  constructor(deps: FullSyncsDeps) {
    this.#deps = deps;
  }

  /** A replica needs all data: it shares a save that is under way for others, or waits. */
  request(peer: ReplicaPeer): void {
    const { log, persistence } = this.#deps;
    const { kind } = persistence().background;
    if (kind === undefined) {
      if (this.#mayDelay([peer])) log('notice', 'Delay next BGSAVE for diskless SYNC');
    } else if (kind === 'rdb' && this.#join(peer)) {
      log('notice', 'Waiting for end of BGSAVE for SYNC');
    } else if (kind === 'rdb') {
      log('notice', "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC");
    } else if (kind === 'sync') {
      log('notice', 'Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC');
    } else {
      log(
        'notice',
        'No BGSAVE in progress, but another BG operation is active. BGSAVE for replication delayed',
      );
    }
    this.#startSoon();
  }

  #join(peer: ReplicaPeer): boolean {
    const save = this.#save;
    // Without anybody who waits for it the stream since then is not kept.
    if (save === undefined || save.peers.size === 0 || peer.isFiltered) return false;
    save.peers.add(peer);
    this.#setUp([peer], 'saving', save.offset);
    return true;
  }

  /** In a turn of its own: those that ask at the same time share one snapshot. */
  #startSoon(): void {
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
    return wanted ? config.number('repl-diskless-sync-delay') * 1000 : 0;
  }

  #mayDelay(peers: readonly ReplicaPeer[]): boolean {
    return (
      this.#deps.config.flag('repl-diskless-sync') &&
      this.#delayMs() > 0 &&
      peers.every((peer) => peer.eofCapable)
    );
  }

  /** Begins the synchronisation of the replicas that wait, unless other work has the snapshot, or they should wait for more. */
  startWaiting(): void {
    const { clock, config, log, peers: allPeers, persistence, scriptIsOpen } = this.#deps;
    if (scriptIsOpen()) return;
    const { background } = persistence();
    if (!this.#listening) {
      this.#listening = true;
      background.onIdle(() => this.startWaiting());
    }
    const waiting = allPeers().filter((peer) => peer.state === 'waiting');
    const first = waiting[0];
    if (first === undefined || background.kind !== undefined || this.#closed) return;
    const { excludeData, excludeFunctions } = first;
    const peers = waiting.filter(
      (peer) => peer.excludeData === excludeData && peer.excludeFunctions === excludeFunctions,
    );
    const enough = config.number('repl-diskless-sync-max-replicas');
    const mayDelay = this.#mayDelay(peers) && !(enough > 0 && peers.length >= enough);
    if (mayDelay && clock.nowMs() - first.attachedAtMs < this.#delayMs()) return;
    const byMark =
      (config.flag('repl-diskless-sync') || excludeData || excludeFunctions) &&
      peers.every((peer) => peer.eofCapable);
    log('notice', `Starting BGSAVE for SYNC with target: ${byMark ? 'replicas sockets' : 'disk'}`);
    if (byMark) this.#stream(first, peers);
    else this.#saveFor(peers);
  }

  /** The snapshot is of this moment: from here on the stream is kept for these replicas. */
  #setUp(peers: readonly ReplicaPeer[], state: 'saving' | 'transfer', offset: number): void {
    const { onBegun, stream } = this.#deps;
    // What follows the snapshot must name its database anew: the new replicas have not seen the last SELECT.
    stream.selectedDb = -1;
    for (const peer of peers) {
      peer.state = state;
      peer.nextOffset = offset + 1;
      if (!peer.plainSync) peer.session.write(`+FULLRESYNC ${stream.id} ${offset}\r\n`);
    }
    onBegun();
  }

  /** `first`: what it wants, all of them do. */
  #stream(first: ReplicaPeer, peers: readonly ReplicaPeer[]): void {
    const { clock, config, databases, libraries, log, random, stream, onTransferred } = this.#deps;
    const { background } = this.#deps.persistence();
    const { id, offset, selectedDb } = stream;
    const masterDb = this.#deps.masterStreamDb();
    const replication = { streamDb: Math.max(0, masterDb < 0 ? selectedDb : masterDb), id, offset };
    const { excludeData, excludeFunctions } = first;
    const functionCodes = excludeFunctions
      ? []
      : libraries()
          .all()
          .map(({ code }) => code);
    const encoder = new RdbEncoder({ config, databases, nowMs: clock.nowMs(), functionCodes, replication });
    const delay = new KeyDelay(config.number('rdb-key-save-delay'));
    const snapshot = background.begin('sync', excludeData ? [] : databases, encoder, delay.any);
    this.#setUp(peers, 'transfer', offset);
    log('notice', `Background RDB transfer started by pid ${process.pid}`);
    const mark = random.hex(MARK_LENGTH);
    let keysPaid = 0;
    this.#start({
      peers,
      head: `$EOF:${mark}\r\n`,
      tail: mark,
      pieces: snapshot.pieces(),
      pauseMs: () => {
        if (!delay.any) return 0;
        delay.owe(snapshot.keysWritten - keysPaid);
        keysPaid = snapshot.keysWritten;
        return delay.takeMs();
      },
      onEnd: (complete) => {
        background.end(snapshot);
        if (complete.length === 0)
          log('warning', 'Diskless rdb transfer, last replica dropped, killing fork child.');
        else {
          log(
            'warning',
            `Diskless rdb transfer, done reading from pipe, ${complete.length} replicas still up.`,
          );
          log('notice', 'Background RDB transfer terminated with success');
        }
        for (const peer of complete) {
          log(
            'notice',
            `Streamed RDB transfer with replica ${peer.name} succeeded (socket). Waiting for REPLCONF ACK from slave to enable streaming`,
          );
          onTransferred(peer, true);
        }
      },
    });
  }

  #saveFor(peers: readonly ReplicaPeer[]): void {
    const { log, config } = this.#deps;
    const { offset } = this.#deps.stream;
    const save: SyncSave = { peers: new Set(peers), offset };
    const { saves } = this.#deps.persistence();
    if (!saves.saveInBackground((written) => this.#saved(save, written))) {
      log('warning', 'BGSAVE for replication failed');
      for (const peer of peers) {
        peer.session.write(error("ERR BGSAVE failed, replication can't continue"));
        peer.session.end();
      }
      return;
    }
    this.#savedForReplicas = config.flag('rdb-del-sync-files');
    this.#save = save;
    this.#setUp(peers, 'saving', offset);
  }

  #saved(save: SyncSave, written: boolean): void {
    if (this.#save === save) this.#save = undefined;
    for (const peer of [...save.peers]) {
      if (written) this.#sendFile(peer);
      else this.#deps.drop(peer, 'SYNC failed. BGSAVE child returned an error');
    }
  }

  get #rdbPath(): string {
    const { config } = this.#deps;
    return resolve(toPath(config.text('dir')), toPath(config.text('dbfilename')));
  }

  /** Each replica at its own pace: the file is there for all. */
  #sendFile(peer: ReplicaPeer): void {
    const { drop, log, onTransferred } = this.#deps;
    let file: RdbFile;
    try {
      file = openRdbFile(this.#rdbPath);
    } catch (reason) {
      drop(peer, `SYNC failed. Can't open/stat DB after BGSAVE: ${systemErrorText(reason)}`);
      return;
    }
    peer.state = 'bulk';
    this.#start({
      peers: [peer],
      head: `$${file.sizeBytes}\r\n`,
      tail: '',
      pieces: file.pieces(),
      pauseMs: () => 0,
      onEnd: (complete, reason) => {
        file.close();
        if (reason !== undefined) {
          log('warning', `Read error sending DB to replica: ${systemErrorText(reason)}`);
          peer.session.destroy();
        }
        for (const each of complete) onTransferred(each, false);
      },
    });
  }

  #start(options: Omit<ConstructorParameters<typeof Transfer>[0], 'clock' | 'timeoutMs' | 'onStuck'>): void {
    const { clock, config, drop } = this.#deps;
    const transfer = new Transfer({
      ...options,
      clock,
      timeoutMs: () => config.number('repl-timeout') * 1000,
      onStuck: (peer) => drop(peer, `Disconnecting timedout replica (full sync): ${peer.name}`),
      onEnd: (complete, reason) => {
        this.#transfers.delete(transfer);
        options.onEnd(complete, reason);
      },
    });
    this.#transfers.add(transfer);
    transfer.start();
  }

  /** The replica is gone. */
  remove(peer: ReplicaPeer): void {
    for (const transfer of [...this.#transfers]) transfer.remove(peer);
    const save = this.#save;
    if (save?.peers.delete(peer) !== true || save.peers.size > 0) return;
    // Nobody waits for it any more, and nobody asked for the file.
    if (this.#deps.config.text('save') === '') this.#deps.persistence().saves.giveUp();
  }

  /** Once a second: the file that served replicas goes, where nothing else is kept on disk. */
  tidy(): void {
    const { config, log, peers } = this.#deps;
    if (!config.flag('rdb-del-sync-files')) this.#savedForReplicas = false;
    if (!this.#savedForReplicas || config.text('save') !== '' || config.flag('appendonly')) return;
    if (peers().some(({ state }) => state !== 'online')) return;
    this.#savedForReplicas = false;
    log('notice', 'Removing the RDB file used to feed replicas in a persistence-less instance');
    rmSync(this.#rdbPath, { force: true });
  }

  close(): void {
    this.#closed = true;
    this.#startTimer?.cancel();
    for (const transfer of [...this.#transfers]) transfer.stop();
  }
}
