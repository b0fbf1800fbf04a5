/**
 * Owns one node of a simulated cluster: its machine of the bus, what it has on disk, and just as much of replication as elections
 * look at: a list of writes that replicas copy.
 */
import { BusCore, type BusHost, type BusSettings } from '../../../src/node/bus/bus-core.ts';
import { ClusterNode } from '../../../src/node/bus/cluster-node.ts';
import { ClusterState } from '../../../src/node/bus/cluster-state.ts';
import { TICK_MS } from '../../../src/node/bus/cron.ts';
import { startHandshake } from '../../../src/node/bus/handshake.ts';
import { BusMachine } from '../../../src/node/bus/machine.ts';
import { formatNodesConf, parseNodesConf } from '../../../src/node/bus/nodes-conf.ts';
import type { MasterAddress } from '../../../src/node/parts/replication.ts';
import { nodeFlag } from '../../../src/protocol/bus/wire.ts';
import type { Simulation } from './simulation.ts';

export type Settings = { -readonly [Name in keyof BusSettings]: BusSettings[Name] };

/** What a restart would find. */
interface Disk {
  readonly text: string;
  readonly configEpoch: number;
  readonly currentEpoch: number;
  readonly lastVoteEpoch: number;
}

export class SimNode {
  readonly ip: string;
  readonly settings: Settings;
  machine: BusMachine;
  isRunning = true;
  disk: Disk = { text: '', configEpoch: 0, currentEpoch: 0, lastVoteEpoch: 0 };
  /** What a broken disk makes of the file; for tests of the simulation itself. */
  spoil: (text: string) => string = (text) => text;
  /** Keys by slot. */
  readonly keys = new Map<number, number>();
  following: MasterAddress | undefined;
  /** Each write is a number of its own; the length is the replication offset. */
  writes: number[] = [];
  readonly published: string[] = [];
  readonly log: string[] = [];
  readonly #simulation: Simulation;
  /** When this replica last had its master's writes; 0 when it never did. */
  #syncedMs = 0;
  #pausedUntilMs = 0;
  #woken = false;
  /** What has come in while the process was stopped; absent while it runs. */
  #stopped: (() => void)[] | undefined;
  #stopTicks: () => void = () => {};

  constructor(simulation: Simulation, ip: string, settings: Partial<Settings>) {
    this.#simulation = simulation;
    this.ip = ip;
    this.settings = {
      nodeTimeoutMs: 2000,
      port: 6379,
      plainPort: 0,
      busPort: 16_379,
      announceIp: '',
      announceHostname: '',
      followsPlainPort: false,
      requireFullCoverage: true,
      allowReplicaMigration: true,
      replicaNoFailover: false,
      migrationBarrier: 1,
      replicaValidityFactor: 10,
      replicationPingMs: 10_000,
      linkSendBufferLimitBytes: 0,
      ...settings,
    };
    const { clock, random } = simulation;
    const myself = new ClusterNode(random.hex(40), nodeFlag.myself | nodeFlag.master, clock.nowMs());
    this.machine = this.#start(new ClusterState(myself), false);
    this.#save(this.state);
  }

  get core(): BusCore {
    return this.machine.core;
  }
  get state(): ClusterState {
    return this.machine.core.state;
  }
  get id(): string {
    return this.state.myself.id;
  }
  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  meet(other: SimNode): void {
    this.command(() => startHandshake(this.core, other.ip, other.settings.port, other.settings.busPort));
  }

  /** What a command does, then what follows it. Throws its refusal. */
  command<Result>(run: () => Result): Result {
    const result = run();
    this.machine.settle();
    if (typeof result === 'string') throw new Error(result);
    return result;
  }

  /** A client's write, acknowledged when this is true. */
  write(write: number): boolean {
    const { state } = this;
    const isServed = this.isRunning && !this.isStopped && state.ok && state.myself.votes;
    if (!isServed || this.#simulation.clock.nowMs() < this.#pausedUntilMs) return false;
    this.writes.push(write);
    return true;
  }

  /** kill -9: what was not saved is lost. The data set is not the bus's to lose: it stays. */
  crash(): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.#stopped = undefined;
    this.#stopTicks();
    this.#simulation.dropLinksOf(this);
  }

  restart(text = this.disk.text): void {
    const state = parseNodesConf(text, this.#simulation.clock.nowMs());
    this.following = undefined;
    this.#syncedMs = 0;
    this.#pausedUntilMs = 0;
    this.machine = this.#start(state, state.myself.slots.size > 0);
    this.#save(state);
    this.isRunning = true;
  }

  /** As SIGSTOP does; `go` is SIGCONT. */
  stop(): void {
    if (this.isRunning) this.#stopped ??= [];
  }

  go(): void {
    const waiting = this.#stopped ?? [];
    this.#stopped = undefined;
    for (const run of waiting) this.whenAwake(run);
  }

  /** What comes from outside waits while the process is stopped, and never comes when it has ended. */
  whenAwake(run: () => void): void {
    if (this.#stopped !== undefined) this.#stopped.push(run);
    else if (this.isRunning) run();
  }

  #start(state: ClusterState, rejoins: boolean): BusMachine {
    const { clock, random } = this.#simulation;
    const core = new BusCore(state, this.settings, clock, random, this.#host(state));
    const machine = new BusMachine(core, rejoins);
    machine.refreshMyself();
    const timer = clock.every(TICK_MS, () => {
      if (this.isStopped) return;
      this.#replicate();
      machine.tick();
    });
    this.#stopTicks = () => timer.cancel();
    return machine;
  }

  /** Copies what the master has more, or everything when the histories have parted. */
  #replicate(): void {
    const { following, writes } = this;
    const master = following && this.#simulation.nodeAt(following.host);
    if (master === undefined || !master.isRunning || master.isStopped) return;
    if (this.#simulation.isCut(master, this) || this.#simulation.isCut(this, master)) return;
    this.#syncedMs = this.#simulation.clock.nowMs();
    const last = writes.length - 1;
    if (last >= 0 && writes[last] !== master.writes[last]) this.writes = [...master.writes];
    else writes.push(...master.writes.slice(writes.length));
  }

  #save(state: ClusterState): void {
    const text = this.spoil(formatNodesConf(state));
    const epoch = (name: string): number => Number(new RegExp(`${name} (\\d+)`).exec(text)?.[1]);
    this.disk = {
      text,
      configEpoch: state.myself.configEpoch,
      currentEpoch: epoch('currentEpoch'),
      lastVoteEpoch: epoch('lastVoteEpoch'),
    };
  }

  #host(state: ClusterState): BusHost {
    const node = this;
    const simulation = this.#simulation;
    return {
      log: (_level, message) => this.log.push(message),
      dial: (ip, port, link) => simulation.connect(this, ip, port, link),
      save: () => {
        const isKilled = simulation.crashesAtSave > 0 && simulation.chance(simulation.crashesAtSave);
        if (!isKilled || simulation.chance(0.5)) this.#save(state);
        if (isKilled) this.crash();
      },
      fatal: (message) => {
        throw new Error(message);
      },
      wake: () => {
        if (this.#woken) return;
        this.#woken = true;
        simulation.clock.after(0, () => {
          this.#woken = false;
          this.whenAwake(() => this.machine.settle());
        });
      },
      countKeysInSlot: (slot) => this.keys.get(slot) ?? 0,
      deleteKeysInSlots: (slots) => {
        for (const slot of slots) this.keys.delete(slot);
      },
      deleteAllKeys: () => this.keys.clear(),
      get following() {
        return node.following;
      },
      follow: (master) => {
        this.following = master;
        // A replica takes its master's keys in place of its own.
        if (master !== undefined) this.keys.clear();
        else this.#syncedMs = 0;
      },
      get replicationOffset() {
        return node.writes.length;
      },
      get dataAgeMs() {
        const sinceMs = node.#syncedMs;
        return sinceMs === 0 ? Number.POSITIVE_INFINITY : simulation.clock.nowMs() - sinceMs;
      },
      pauseWrites: (untilMs) => {
        this.#pausedUntilMs = untilMs;
      },
      resumeWrites: () => {
        this.#pausedUntilMs = 0;
      },
      deliver: (channel, message) => {
        this.published.push(`${channel} ${message}`);
      },
    };
  }
}
