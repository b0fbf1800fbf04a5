/**
 * Owns a planned failover (FAILOVER): this master stops its writes, waits until a replica has everything, follows it, and asks
 * it in PSYNC to take over. Never knows a socket: links and roles are its owner's.
 * Source: Redis replication.c failoverCommand, updateFailoverStatus, abortFailover.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../parts/basics.ts';
import type { Dispatch } from '../parts/dispatch.ts';
import type { FailoverRequest, FailoverState, MasterAddress } from '../parts/replication.ts';

/** A replica as a failover sees it. */
export interface FailoverCandidate {
  readonly address: MasterAddress;
  readonly online: boolean;
  readonly ackOffset: number;
}

export interface FailoverDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly dispatch: Pick<Dispatch, 'pause' | 'unpause'>;
  readonly replicas: () => readonly FailoverCandidate[];
  readonly isReplica: () => boolean;
  readonly offset: () => number;
  /** Follows the target, asking it to take over; or is a master again. */
  readonly follow: (master: MasterAddress | undefined) => void;
}

const CHECK_PERIOD_MS = 100;

const sameHost = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

export class PlannedFailover {
  readonly #deps: FailoverDeps;
  #state: FailoverState = 'no-failover';
  #target: MasterAddress | undefined;
  #force = false;
  /** Unix ms; undefined without a limit. */
  #endMs: number | undefined;
  #timer: Timer | undefined;

  constructor(deps: FailoverDeps) {
    this.#deps = deps;
  }

  get state(): FailoverState {
    return this.#state;
  }

  /** Whether the stream must stand still, so that no PING goes into it: a replica has limited time to catch up. */
  get holdsStream(): boolean {
    return this.#endMs !== undefined;
  }

  /** The text of an error, or undefined when it has begun. */
  start({ target, force, timeoutMs }: FailoverRequest): string | undefined {
    const { clock, dispatch, isReplica, log, replicas } = this.#deps;
    if (this.#state !== 'no-failover') return 'ERR FAILOVER already in progress.';
    if (isReplica()) return 'ERR FAILOVER is not valid when server is a replica.';
    if (replicas().length === 0) return 'ERR FAILOVER requires connected replicas.';
    if (force && (timeoutMs === undefined || target === undefined))
      return 'ERR FAILOVER with force option requires both a timeout and target HOST and IP.';
    if (target !== undefined) {
      const replica = this.#find(target);
      if (replica === undefined) return 'ERR FAILOVER target HOST and PORT is not a replica.';
      if (!replica.online) return 'ERR FAILOVER target replica is not online.';
      log('notice', `FAILOVER requested to ${target.host}:${target.port}.`);
    } else {
      log('notice', 'FAILOVER requested to any replica.');
    }
    this.#state = 'waiting-for-sync';
    this.#target = target;
    this.#force = force;
    this.#endMs = timeoutMs === undefined ? undefined : clock.nowMs() + timeoutMs;
    dispatch.pause('failover', 'write', Number.MAX_SAFE_INTEGER);
    this.#timer = clock.every(CHECK_PERIOD_MS, () => this.check());
    return undefined;
  }

  #find(target: MasterAddress): FailoverCandidate | undefined {
    return this.#deps
      .replicas()
      .find(({ address }) => sameHost(address.host, target.host) && address.port === target.port);
  }

  /** From time to time, and when a replica has acknowledged something. */
  check(): void {
    if (this.#state !== 'waiting-for-sync') return;
    const { clock, log, offset, replicas } = this.#deps;
    if (this.#endMs !== undefined && this.#endMs <= clock.nowMs()) {
      const target = this.#target;
      if (!this.#force || target === undefined) {
        this.abort('Replica never caught up before timeout');
        return;
      }
      log('notice', `FAILOVER to ${target.host}:${target.port} time out exceeded, failing over.`);
      this.#handOver(target);
      return;
    }
    const isLevel = (replica: FailoverCandidate): boolean => replica.ackOffset === offset();
    const chosen = this.#target === undefined ? replicas().find(isLevel) : this.#find(this.#target);
    if (chosen === undefined || !isLevel(chosen)) return;
    const { host, port } = chosen.address;
    log('notice', `Failover target ${host}:${port} is synced, failing over.`);
    this.#handOver(chosen.address);
  }

  #handOver(target: MasterAddress): void {
    this.#target = target;
    this.#state = 'failover-in-progress';
    this.#deps.follow(target);
  }

  /** The target has answered PSYNC. A full synchronisation is unusual, but it is the master then. */
  answered(accepted: boolean): void {
    if (this.#state !== 'failover-in-progress') return;
    if (accepted) this.#clear();
    else this.abort('Failover target rejected psync request');
  }

  /** False when none is under way. */
  abort(reason: string): boolean {
    if (this.#state === 'no-failover') return false;
    const { log, follow } = this.#deps;
    const to = this.#target === undefined ? 'any replica' : `${this.#target.host}:${this.#target.port}`;
    log('notice', `FAILOVER to ${to} aborted: ${reason}`);
    if (this.#state === 'failover-in-progress') follow(undefined);
    this.#clear();
    return true;
  }

  #clear(): void {
    this.close();
    this.#state = 'no-failover';
    this.#target = undefined;
    this.#force = false;
    this.#endMs = undefined;
    this.#deps.dispatch.unpause('failover');
  }

  close(): void {
    this.#timer?.cancel();
  }
}
