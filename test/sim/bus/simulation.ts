/**
 * Owns a simulated cluster: the machines of the bus on a virtual clock and a network that delays, loses, repeats and
 * cuts. Everything random comes from one seed, so that a run repeats itself. Each message goes through the codec.
 */
import { type Random, seededRandom } from '../../../src/core/random.ts';
import { BusCore, type BusHost, type BusSettings } from '../../../src/node/bus/bus-core.ts';
import { ClusterNode } from '../../../src/node/bus/cluster-node.ts';
import { ClusterState } from '../../../src/node/bus/cluster-state.ts';
import { TICK_MS } from '../../../src/node/bus/cron.ts';
import { startHandshake } from '../../../src/node/bus/handshake.ts';
import type { BusLink, LinkHandle } from '../../../src/node/bus/link.ts';
import { BusMachine } from '../../../src/node/bus/machine.ts';
import { formatNodesConf, parseNodesConf } from '../../../src/node/bus/nodes-conf.ts';
import type { MasterAddress } from '../../../src/node/parts/replication.ts';
import { decodeMessage } from '../../../src/protocol/bus/decode.ts';
import { nodeFlag } from '../../../src/protocol/bus/wire.ts';
import { SimClock } from './sim-clock.ts';

export interface NetworkConditions {
  /** Shares of the messages, 0 to 1. */
  readonly loss: number;
  readonly repetition: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

export const calmNetwork: NetworkConditions = { loss: 0, repetition: 0, minDelayMs: 1, maxDelayMs: 3 };
export const roughNetwork: NetworkConditions = { loss: 0.15, repetition: 0.1, minDelayMs: 1, maxDelayMs: 60 };

type Settings = { -readonly [Name in keyof BusSettings]: BusSettings[Name] };

/** One side of a connection. */
interface End {
  readonly node: SimNode;
  /** Absent while the other side has not taken the connection. */
  peer: End | undefined;
  link: BusLink | undefined;
  /** When the last message in this direction arrives: a stream keeps its order. */
  lastMs: number;
  open: boolean;
}

export class Simulation {
  readonly clock = new SimClock();
  readonly random: Random;
  readonly nodes: SimNode[] = [];
  readonly #ends = new Set<End>();
  network: NetworkConditions = calmNetwork;
  /** Whether nothing passes between two nodes. */
  isCut: (a: SimNode, b: SimNode) => boolean = () => false;

  constructor(seed: number, nodeCount: number, settings: Partial<Settings> = {}) {
    this.random = seededRandom(seed);
    for (let index = 0; index < nodeCount; index++)
      this.nodes.push(new SimNode(this, `10.0.0.${index + 1}`, settings));
  }

  node(index: number): SimNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }

  get running(): SimNode[] {
    return this.nodes.filter((node) => node.isRunning);
  }

  /** Cuts the network between the nodes of these indexes and all others. */
  cutOff(...indexes: number[]): void {
    const group = new Set(indexes.map((index) => this.node(index)));
    this.isCut = (a, b) => group.has(a) !== group.has(b);
  }

  heal(): void {
    this.isCut = () => false;
  }

  run(durationMs: number): void {
    this.clock.run(durationMs);
  }

  /** Runs until `condition` holds. Throws naming `what` when it does not within `limitMs`. */
  runUntil(condition: () => boolean, what: string, limitMs = 120_000): void {
    if (!this.clock.run(limitMs, condition)) throw new Error(`in ${limitMs} simulated ms never: ${what}`);
  }

  delayMs(): number {
    const { minDelayMs, maxDelayMs } = this.network;
    return minDelayMs + this.random.below(maxDelayMs - minDelayMs + 1);
  }

  chance(share: number): boolean {
    return this.random.below(1_000_000) < share * 1_000_000;
  }

  connect(source: SimNode, ip: string, port: number, link: BusLink): LinkHandle {
    const target = this.nodes.find((node) => node.ip === ip && port === node.settings.busPort);
    const near = this.#end(source, link);
    const unsent: Buffer[] = [];
    this.clock.after(this.delayMs(), () => {
      // A cut network swallows the attempt; a machine without a listener refuses it.
      if (!near.open || (target !== undefined && this.isCut(source, target))) return;
      if (target === undefined || !target.isRunning) {
        near.open = false;
        source.machine.disconnected(link, false);
        return;
      }
      const far = this.#end(target, undefined);
      [near.peer, far.peer] = [far, near];
      far.link = target.machine.accepted(this.#handle(far, near, []));
      for (const packet of unsent.splice(0)) this.#send(near, far, packet);
      source.machine.connected(link);
    });
    return { ...this.#handle(near, undefined, unsent), remoteIp: ip };
  }

  #end(node: SimNode, link: BusLink | undefined): End {
    const end: End = { node, peer: undefined, link, lastMs: 0, open: true };
    this.#ends.add(end);
    return end;
  }

  #handle(near: End, far: End | undefined, unsent: Buffer[]): LinkHandle {
    return {
      remoteIp: far?.node.ip ?? '',
      localIp: near.node.ip,
      pendingBytes: 0,
      send: (packet) => {
        if (near.peer === undefined) unsent.push(packet);
        else this.#send(near, near.peer, packet);
      },
      close: () => this.#close(near),
    };
  }

  #send(from: End, to: End, packet: Buffer): void {
    from.node.checkTold(packet);
    if (!from.open || this.chance(this.network.loss)) return;
    const copies = this.chance(this.network.repetition) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      to.lastMs = Math.max(to.lastMs, this.clock.nowMs() + this.delayMs());
      this.clock.after(to.lastMs - this.clock.nowMs(), () => {
        if (!to.open || to.link === undefined || this.isCut(from.node, to.node)) return;
        to.node.machine.received(to.link, decodeMessage(Buffer.from(packet)));
      });
    }
  }

  #close(near: End): void {
    if (!near.open) return;
    near.open = false;
    this.#ends.delete(near);
    const far = near.peer;
    if (far === undefined) return;
    this.clock.after(this.delayMs(), () => {
      if (!far.open || far.link === undefined || this.isCut(near.node, far.node)) return;
      far.open = false;
      this.#ends.delete(far);
      far.node.machine.disconnected(far.link, true);
    });
  }

  /** A process that ends takes its connections with it. */
  dropLinksOf(node: SimNode): void {
    for (const end of this.#ends) if (end.node === node) this.#close(end);
  }
}

export class SimNode {
  readonly ip: string;
  readonly settings: Settings;
  machine: BusMachine;
  isRunning = true;
  /** nodes.conf as it would be found after a crash. */
  saved = '';
  /** Keys by slot, and the slots that were cleared. */
  readonly keys = new Map<number, number>();
  following: MasterAddress | undefined;
  replicationOffset = 0;
  readonly published: string[] = [];
  readonly log: string[] = [];
  readonly #simulation: Simulation;
  #savedEpoch = 0;
  #woken = false;
  #stopTicks: () => void = () => {};

  constructor(simulation: Simulation, ip: string, settings: Partial<Settings>) {
    this.#simulation = simulation;
    this.ip = ip;
    this.settings = {
      nodeTimeoutMs: 2000,
      port: 6379,
      busPort: 16_379,
      announceIp: '',
      announceHostname: '',
      requireFullCoverage: true,
      allowReplicaMigration: true,
      replicaNoFailover: false,
      linkSendBufferLimitBytes: 0,
      ...settings,
    };
    const { clock, random } = simulation;
    const myself = new ClusterNode(random.hex(40), nodeFlag.myself | nodeFlag.master, clock.nowMs());
    this.machine = this.#start(new ClusterState(myself), false);
    this.machine.core.host.save();
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

  /** kill -9: what was not saved is lost. */
  crash(): void {
    this.isRunning = false;
    this.#stopTicks();
    this.#simulation.dropLinksOf(this);
  }

  restart(): void {
    const state = parseNodesConf(this.saved, this.#simulation.clock.nowMs());
    this.following = undefined;
    this.machine = this.#start(state, state.myself.slots.size > 0);
    this.isRunning = true;
  }

  /** Nothing may be told that a crash could make untrue. */
  checkTold(packet: Buffer): void {
    const { header } = decodeMessage(packet);
    if (header.masterId === undefined && header.configEpoch > this.#savedEpoch)
      throw new Error(`${this.ip} tells epoch ${header.configEpoch} and has saved ${this.#savedEpoch}`);
  }

  #start(state: ClusterState, rejoins: boolean): BusMachine {
    const { clock, random } = this.#simulation;
    const core = new BusCore(state, this.settings, clock, random, this.#host(state));
    const machine = new BusMachine(core, rejoins);
    machine.refreshMyself();
    const timer = clock.every(TICK_MS, () => machine.tick());
    this.#stopTicks = () => timer.cancel();
    return machine;
  }

  #host(state: ClusterState): BusHost {
    const node = this;
    return {
      log: (_level, message) => this.log.push(message),
      dial: (ip, port, link) => this.#simulation.connect(this, ip, port, link),
      save: () => {
        this.saved = formatNodesConf(state);
        this.#savedEpoch = state.myself.configEpoch;
      },
      fatal: (message) => {
        throw new Error(message);
      },
      wake: () => {
        if (this.#woken) return;
        this.#woken = true;
        this.#simulation.clock.after(0, () => {
          this.#woken = false;
          if (this.isRunning) this.machine.settle();
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
      },
      get replicationOffset() {
        return node.replicationOffset;
      },
      deliver: (channel, message) => {
        this.published.push(`${channel} ${message}`);
      },
    };
  }
}
