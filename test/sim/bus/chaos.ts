/**
 * Owns runs of whole clusters through failures: everything that happens in one comes from its seed. Nodes are killed (also while
 * they save), stopped and started again, the network is cut (also one way), loses, delays and repeats; operators fail over. All
 * the while the witness watches every message; in the end, with everything healed, all nodes must come to one configuration.
 */
import { nodesText } from '../../../src/node/bus/describe.ts';
import { type FailoverKind, failover } from '../../../src/node/bus/manual-failover.ts';
import { setStable } from '../../../src/node/bus/operator.ts';
import { SLOT_COUNT } from '../../../src/protocol/slots/key-slot.ts';
import { everybodyKnowsEverybody, moveSlot } from './expectations.ts';
import type { Settings, SimNode } from './sim-node.ts';
import { calmNetwork, roughNetwork, Simulation } from './simulation.ts';

const awfulNetwork = { loss: 0.35, repetition: 0.3, minDelayMs: 1, maxDelayMs: 400 };
const HEALING_LIMIT_MS = 180_000;

export interface ChaosOptions {
  /** Makes the nodes worse than they are, to see that a run notices. */
  readonly spoil?: (text: string) => string;
}

export interface ChaosReport {
  readonly nodes: number;
  /** Elections won, manual ones among them; and takeovers. */
  readonly promotions: number;
  readonly manual: number;
  readonly crashes: number;
  readonly votes: number;
  /** Simulated time from the end of all failures until all nodes agree. */
  readonly healedInMs: number;
}

/** Throws an error that names the seed when something happens that never may. */
export function runChaos(seed: number, options: ChaosOptions = {}): ChaosReport {
  try {
    return new Chaos(seed, options).run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/**
 * A cluster as it stands after its making: `replicas[i]` replicas of the i-th master, all slots shared out, a config epoch for
 * each master. The masters are the first nodes.
 */
export function establishedCluster(
  seed: number,
  replicas: readonly number[],
  settings: Partial<Settings> = {},
): Simulation {
  const masterCount = replicas.length;
  const masterOf = replicas.flatMap((count, master) => Array.from({ length: count }, () => master));
  const simulation = new Simulation(seed, masterCount + masterOf.length, settings);
  const { nodes } = simulation;
  const lines = nodes.map(({ id, ip }, index) => {
    const address = `${id} ${ip}:6379@16379`;
    const master = nodes[masterOf[index - masterCount] ?? -1];
    if (index >= masterCount) return [address, 'slave', `${master?.id} 0 0 0 connected`];
    const first = Math.ceil((index * SLOT_COUNT) / masterCount);
    const last = Math.ceil(((index + 1) * SLOT_COUNT) / masterCount) - 1;
    return [address, 'master', `- 0 0 ${index + 1} connected ${first}-${last}`];
  });
  for (const [index, node] of nodes.entries()) {
    const text = lines.map(([address, role, rest], at) =>
      [address, at === index ? `myself,${role}` : role, rest].join(' '),
    );
    node.crash();
    node.restart(`${text.join('\n')}\nvars currentEpoch ${masterCount} lastVoteEpoch 0\n`);
  }
  untilSettled(simulation, 30_000);
  return simulation;
}

/** One line a node: role and master, and of masters their epoch and slots; as `node` sees all of them. */
function configurationOf({ state }: SimNode): string {
  return state.nodes
    .map((node) => {
      const holds = node.votes ? `${node.configEpoch} ${node.slots}` : '';
      return `${node.id} ${node.isMaster ? 'master' : `of ${node.master?.id}`} ${holds}`;
    })
    .sort()
    .join('\n');
}

function isSettled(simulation: Simulation): boolean {
  const { nodes } = simulation;
  if (!nodes.every(({ state }) => state.ok) || !everybodyKnowsEverybody(simulation)) return false;
  const epochs = nodes.filter(({ state }) => state.myself.votes).map(({ state }) => state.myself.configEpoch);
  if (new Set(epochs).size < epochs.length) return false;
  const follows = nodes.every(
    ({ state, following }) => state.myself.isMaster || following?.host === state.myself.master?.ip,
  );
  if (!follows) return false;
  const configuration = configurationOf(nodes[0] as SimNode);
  return nodes.every((node) => configurationOf(node) === configuration);
}

/** Runs until all nodes agree about everything, and answers how long that took. */
export function untilSettled(simulation: Simulation, limitMs: number): number {
  const startMs = simulation.clock.nowMs();
  while (!isSettled(simulation)) {
    if (simulation.clock.nowMs() - startMs > limitMs)
      throw new Error(`no agreement after ${limitMs} ms:\n${disagreement(simulation)}`);
    simulation.run(200);
  }
  return simulation.clock.nowMs() - startMs;
}

/** Nodes of one view together, and who follows another than it says. */
function disagreement({ nodes }: Simulation): string {
  const views = new Map<string, SimNode[]>();
  for (const node of nodes) {
    const view = `${node.state.ok ? 'ok' : 'fail'}\n${configurationOf(node)}`;
    views.set(view, [...(views.get(view) ?? []), node]);
  }
  const groups = [...views.values()].map((group) => {
    const [first] = group as [SimNode];
    const state = first.state.ok ? 'ok' : 'fail';
    return `${group.map(({ ip }) => ip).join(' ')}: ${state}\n${nodesText(first.state, true)}`;
  });
  const astray = nodes
    .filter(({ state, following }) => state.myself.isReplica && following?.host !== state.myself.master?.ip)
    .map(({ ip, following, state }) => `${ip} follows ${following?.host}, not ${state.myself.master?.ip}\n`);
  return [...astray, ...groups].join('');
}

class Chaos {
  readonly #simulation: Simulation;
  /** Epochs come from votes only: no operator takes one. */
  readonly #onlyElected: boolean;
  #crashes = 0;
  #manual = 0;
  #write = 0;

  constructor(seed: number, { spoil }: ChaosOptions) {
    // The size comes from the seed too, but not from the generator of the run: that one begins with the nodes.
    const size = new Simulation(seed, 0).random;
    const masters = 3 + size.below(size.below(2) === 0 ? 3 : 8);
    const replicas = Array.from({ length: masters }, () => size.below(3));
    this.#onlyElected = size.below(10) < 7;
    this.#simulation = establishedCluster(seed, replicas, {
      nodeTimeoutMs: 400 + size.below(2000),
      requireFullCoverage: size.below(2) === 0,
      allowReplicaMigration: size.below(3) > 0,
      migrationBarrier: size.below(2),
      replicaValidityFactor: size.below(2) * 10,
      replicationPingMs: 1000,
    });
    if (this.#onlyElected) this.#simulation.witness.electorate = masters;
    if (spoil !== undefined) for (const node of this.#simulation.nodes) node.spoil = spoil;
  }

  run(): ChaosReport {
    const simulation = this.#simulation;
    const writer = simulation.clock.every(20, () => {
      if (this.#any(simulation.nodes)?.write(this.#write)) this.#write++;
    });
    simulation.crashesAtSave = this.#chance(0.5) ? 0.03 : 0;
    for (let events = 8 + this.#below(16); events > 0; events--) {
      this.#fail();
      simulation.run(this.#below(this.#chance(0.3) ? 200 : 2500));
    }
    this.#heal();
    const healedInMs = untilSettled(simulation, HEALING_LIMIT_MS);
    writer.cancel();
    const logged = (text: string): number =>
      simulation.nodes.reduce((sum, { log }) => sum + log.filter((line) => line.includes(text)).length, 0);
    return {
      nodes: simulation.nodes.length,
      promotions: logged("I'm the new master") + logged('Taking over the master'),
      manual: this.#manual,
      crashes: this.#crashes,
      votes: logged('Failover auth granted'),
      healedInMs,
    };
  }

  #below(limit: number): number {
    return this.#simulation.random.below(limit);
  }
  #chance(share: number): boolean {
    return this.#simulation.chance(share);
  }
  #any<Item>(items: readonly Item[]): Item | undefined {
    return items[this.#below(Math.max(items.length, 1))];
  }

  #fail(): void {
    const simulation = this.#simulation;
    const { running, nodes } = simulation;
    switch (this.#below(12)) {
      case 0:
      case 1:
        this.#kill(this.#any(running));
        return;
      case 2:
      case 3:
        // A master with replicas: that is what elections are about.
        this.#kill(
          this.#any(running.filter(({ state }) => state.myself.votes && state.myself.replicas.length > 0)),
        );
        return;
      case 4:
      case 5:
        this.#any(nodes.filter((node) => !node.isRunning))?.restart();
        return;
      case 6:
        for (const node of nodes) node.go();
        if (this.#chance(0.7)) this.#any(running)?.stop();
        return;
      case 7:
        this.#cut();
        return;
      case 8:
        simulation.heal();
        return;
      case 9:
        simulation.network = this.#any([calmNetwork, roughNetwork, awfulNetwork]) ?? calmNetwork;
        return;
      default:
        this.#operate();
    }
  }

  #kill(node: SimNode | undefined): void {
    if (node === undefined) return;
    node.crash();
    this.#crashes++;
  }

  #cut(): void {
    const { nodes } = this.#simulation;
    const share = this.#chance(0.5) ? 1 / nodes.length : 0.4;
    const group = new Set(nodes.filter(() => this.#chance(share)));
    const isOneWay = this.#chance(0.3);
    this.#simulation.isCut = (from, to) =>
      isOneWay ? group.has(from) && !group.has(to) : group.has(from) !== group.has(to);
  }

  #operate(): void {
    const ready = this.#simulation.running.filter((node) => !node.isStopped);
    if (!this.#onlyElected && this.#chance(0.4)) {
      this.#move(ready);
      return;
    }
    const node = this.#any(ready.filter(({ state }) => state.myself.isReplica));
    const kinds: readonly FailoverKind[] = this.#onlyElected
      ? ['coordinated', 'coordinated', 'force']
      : ['coordinated', 'force', 'takeover'];
    if (node === undefined) return;
    const refusal = failover(node.core, this.#any(kinds) ?? 'coordinated');
    node.machine.settle();
    if (refusal === undefined) this.#manual++;
  }

  #move(ready: readonly SimNode[]): void {
    const source = this.#any(ready.filter(({ state }) => state.myself.slots.size > 1));
    const target = this.#any(ready.filter(({ state }) => state.myself.isMaster));
    if (source === undefined || target === undefined || source === target) return;
    const slot = this.#any([...source.state.myself.slots]) as number;
    const knowEachOther =
      source.state.node(target.id)?.isMaster === true &&
      target.state.node(source.id)?.isMaster === true &&
      target.state.owner(slot)?.id === source.id;
    if (knowEachOther) moveSlot(source, target, slot);
  }

  #heal(): void {
    const simulation = this.#simulation;
    simulation.crashesAtSave = 0;
    simulation.network = calmNetwork;
    simulation.heal();
    for (const node of simulation.nodes) {
      node.go();
      if (!node.isRunning) node.restart();
      // A slot that a broken move has left open is deaf to claims: the operator closes it.
      const { importing, migrating } = node.state;
      for (const slot of [...importing.keys(), ...migrating.keys()])
        node.command(() => setStable(node.core, slot));
    }
  }
}
