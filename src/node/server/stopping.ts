/**
 * Owns the ordered end of a node: writes pause until the replicas have everything, then all is closed.
 * Source: Redis server.c prepareForShutdown, isReadyToShutdown, finishShutdown, abortShutdown.
 */
import type { Timer } from '../../core/clock.ts';
import { error } from '../../protocol/resp/encode.ts';
import type { Session } from '../dispatch/session.ts';
import type { NodeParts } from '../parts/node.ts';

export interface StopOptions {
  /** SAVE was asked for. */
  readonly save: boolean;
  readonly nosave: boolean;
  /** Does not wait for replicas. */
  readonly now: boolean;
  /** Ends in spite of errors. */
  readonly force: boolean;
}

/** How often the replicas' offsets are looked at. */
const checkPeriodMs = 100;

const FAILED = error('ERR Errors trying to SHUTDOWN. Check logs.');

export class Stopping {
  readonly #parts: NodeParts;
  /** Called when nothing holds the end back any more. */
  readonly #finish: () => void;
  #options: StopOptions | undefined;
  /** Asked for by a signal. */
  #scheduled: StopOptions | undefined;
  #deadlineMs = 0;
  #timer: Timer | undefined;
  #waiting: Session[] = [];

  constructor(parts: NodeParts, finish: () => void) {
    this.#parts = parts;
    this.#finish = finish;
  }

  get inProgress(): boolean {
    return this.#options !== undefined || this.#scheduled !== undefined;
  }

  /** SIGTERM or SIGINT: the end begins a little later, and can be aborted until then. */
  schedule(options: StopOptions): void {
    this.#scheduled = options;
  }

  /** Several times a second. */
  tick(): void {
    const options = this.#scheduled;
    if (options === undefined) return;
    this.#scheduled = undefined;
    this.begin(options, undefined);
  }

  /** Milliseconds until the end at the latest; undefined when no end is under way. */
  get remainingMs(): number | undefined {
    return this.#timer === undefined ? undefined : Math.max(0, this.#deadlineMs - this.#parts.clock.nowMs());
  }

  /** SHUTDOWN, or a signal (`client` undefined). The client hears only of a failure. */
  begin(options: StopOptions, client: Session | undefined): void {
    const { log, config, clock, dispatch } = this.#parts;
    if (client !== undefined) {
      this.#waiting.push(client);
      client.onClose(() => {
        this.#waiting = this.#waiting.filter((other) => other !== client);
      });
    }
    if (this.#options !== undefined) return;
    this.#scheduled = undefined;
    this.#options = options;
    log('warning', 'User requested shutdown...');
    const timeoutMs = config.number('shutdown-timeout') * 1000;
    if (options.now || timeoutMs === 0 || this.#replicasInSync()) {
      void this.#end();
      return;
    }
    this.#deadlineMs = clock.nowMs() + timeoutMs;
    dispatch.pause('shutdown', 'write', Number.MAX_SAFE_INTEGER);
    log('notice', 'Waiting for replicas before shutting down.');
    this.#timer = clock.every(checkPeriodMs, () => {
      if (this.#replicasInSync() || clock.nowMs() >= this.#deadlineMs) void this.#end();
    });
  }

  /** SHUTDOWN ABORT. False when no end is under way. */
  abort(): boolean {
    if (!this.inProgress) return false;
    this.#cancel();
    this.#parts.log('notice', 'Shutdown manually aborted.');
    return true;
  }

  /** The node is closed: nothing more is to be waited for. */
  close(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #replicasInSync(): boolean {
    const { replicas, offset } = this.#parts.replication;
    return replicas.every((replica) => replica.offset === offset);
  }

  #cancel(): void {
    this.#options = undefined;
    this.#scheduled = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#parts.dispatch.unpause('shutdown');
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const client of waiting) client.resume(FAILED);
  }

  async #end(): Promise<void> {
    const { log, dispatch, persistence } = this.#parts;
    const options = this.#options;
    if (options === undefined) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#tellOfReplicas();
    // What is written from here on would be in no file.
    dispatch.pause('shutdown', 'write', Number.MAX_SAFE_INTEGER);
    const saved = await persistence.saveBeforeEnd(options);
    // Aborted meanwhile.
    if (this.#options !== options) return;
    if (saved) {
      this.#finish();
      return;
    }
    log('warning', 'Errors trying to shut down the server. Check the logs for more information.');
    this.#cancel();
  }

  #tellOfReplicas(): void {
    const { log, replication } = this.#parts;
    const lagging = replication.replicas.filter((replica) => replica.offset !== replication.offset);
    for (const { ip, port, offset, lagSeconds, state } of lagging) {
      const behind = replication.offset - offset;
      log(
        'warning',
        `Lagging replica ${ip}:${port} reported offset ${behind} behind master, lag=${lagSeconds}, state=${state}.`,
      );
    }
    if (replication.replicas.length === 0) return;
    const inSync = replication.replicas.length - lagging.length;
    log('notice', `${inSync} of ${replication.replicas.length} replicas are in sync when shutting down.`);
  }
}
