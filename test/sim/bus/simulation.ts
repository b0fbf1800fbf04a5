/**
 * Owns a simulated cluster: the machines of the bus on a virtual clock and a network that delays, loses, repeats and
 * cuts. Everything random comes from one seed, so that a run repeats itself. Each message goes through the codec.
 */
import { type Random, seededRandom } from '../../../src/core/random.ts';
import type { BusLink, LinkHandle } from '../../../src/node/bus/link.ts';
import { decodeMessage } from '../../../src/protocol/bus/decode.ts';
import type { BusMessage } from '../../../src/protocol/bus/message.ts';
import { SimClock } from './sim-clock.ts';
import { type Settings, SimNode } from './sim-node.ts';
import { Witness } from './witness.ts';

export interface NetworkConditions {
  /** Shares of the messages, 0 to 1. */
  readonly loss: number;
  readonly repetition: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

export const calmNetwork: NetworkConditions = { loss: 0, repetition: 0, minDelayMs: 1, maxDelayMs: 3 };
export const roughNetwork: NetworkConditions = { loss: 0.15, repetition: 0.1, minDelayMs: 1, maxDelayMs: 60 };

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
  readonly witness = new Witness();
  network: NetworkConditions = calmNetwork;
  /** Whether nothing passes from one node to the other. */
  isCut: (from: SimNode, to: SimNode) => boolean = () => false;
  /** Share of the saves, 0 to 1, in which the node is killed: before the file is in place, or right behind. */
  crashesAtSave = 0;

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

  nodeAt(ip: string): SimNode | undefined {
    return this.nodes.find((node) => node.ip === ip);
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
    const unsent: BusMessage[] = [];
    this.clock.after(this.delayMs(), () => {
      // A cut network swallows the attempt; a machine without a listener refuses it.
      if (!near.open || (target !== undefined && this.isCut(source, target))) return;
      if (target === undefined || !target.isRunning) {
        near.open = false;
        this.#ends.delete(near);
        source.whenAwake(() => source.machine.disconnected(link, false));
        return;
      }
      const far = this.#end(target, undefined);
      [near.peer, far.peer] = [far, near];
      far.link = target.machine.accepted(this.#handle(far, source, []));
      for (const message of unsent.splice(0)) this.#send(near, far, message);
      source.whenAwake(() => {
        if (near.open) source.machine.connected(link);
      });
    });
    return { ...this.#handle(near, target, unsent), remoteIp: ip };
  }

  #end(node: SimNode, link: BusLink | undefined): End {
    const end: End = { node, peer: undefined, link, lastMs: 0, open: true };
    this.#ends.add(end);
    return end;
  }

  #handle(near: End, receiver: SimNode | undefined, unsent: BusMessage[]): LinkHandle {
    return {
      remoteIp: receiver?.ip ?? '',
      localIp: near.node.ip,
      pendingBytes: 0,
      send: (packet) => {
        if (!near.open) return;
        const message = decodeMessage(Buffer.from(packet));
        if (receiver !== undefined) this.witness.told(near.node, receiver, message);
        if (near.peer === undefined) unsent.push(message);
        else this.#send(near, near.peer, message);
      },
      close: () => this.#close(near),
    };
  }

  #send(from: End, to: End, message: BusMessage): void {
    if (this.chance(this.network.loss)) return;
    const copies = this.chance(this.network.repetition) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      to.lastMs = Math.max(to.lastMs, this.clock.nowMs() + this.delayMs());
      this.clock.after(to.lastMs - this.clock.nowMs(), () => {
        if (!to.open || this.isCut(from.node, to.node)) return;
        to.node.whenAwake(() => {
          if (!to.open || to.link === undefined) return;
          this.witness.heard(to.node, message);
          to.node.machine.received(to.link, message);
        });
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
      if (!far.open || this.isCut(near.node, far.node)) return;
      far.open = false;
      this.#ends.delete(far);
      const { link, node } = far;
      if (link !== undefined) node.whenAwake(() => node.machine.disconnected(link, true));
    });
  }

  /** A process that ends takes its connections with it. */
  dropLinksOf(node: SimNode): void {
    for (const end of this.#ends) if (end.node === node) this.#close(end);
  }
}
