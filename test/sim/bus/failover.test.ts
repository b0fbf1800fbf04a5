import { describe, expect, it } from 'vitest';
import { failover } from '../../../src/node/bus/manual-failover.ts';
import { replicate, reset } from '../../../src/node/bus/operator.ts';
import { establishedCluster, untilSettled } from './chaos.ts';
import type { SimNode } from './sim-node.ts';
import { roughNetwork, type Simulation } from './simulation.ts';

const SEED = 4;
const SETTLING_MS = 60_000;

/** Writes of clients, by turns, to whoever takes them; answers the acknowledged ones of `node`'s shard. */
function writeAllTheTime(simulation: Simulation, everyMs = 7): Map<string, number[]> {
  const acknowledged = new Map<string, number[]>();
  let write = 0;
  simulation.clock.every(everyMs, () => {
    for (const node of simulation.nodes) {
      const [slot] = node.state.myself.slots;
      if (slot === undefined || !node.write(++write)) continue;
      const shard = String(slot);
      acknowledged.set(shard, [...(acknowledged.get(shard) ?? []), write]);
    }
  });
  return acknowledged;
}

const logged = (node: SimNode, text: string): boolean => node.log.some((line) => line.includes(text));
const isMaster = ({ state }: SimNode): boolean => state.myself.votes;

describe('the failure of a master', () => {
  it('makes its replica the master, and the old one comes back as a replica', () => {
    const simulation = establishedCluster(SEED, [1, 0, 0]);
    const [old, heir] = [simulation.node(0), simulation.node(3)];
    const slots = old.state.myself.slots.copy();
    old.crash();
    simulation.runUntil(() => isMaster(heir), 'the replica in place', 2 * 2000 + 2000);
    expect(heir.state.myself.slots.ranges()).toEqual(slots.ranges());
    expect(heir.state.myself.configEpoch).toBe(4);
    expect(heir.disk.configEpoch).toBe(4);
    expect(heir.following).toBeUndefined();
    simulation.runUntil(() => simulation.running.every(({ state }) => state.ok), 'ok', 2000);
    old.restart();
    untilSettled(simulation, SETTLING_MS);
    expect(old.following?.host).toBe(heir.ip);
    expect(old.state.myself.slots.size).toBe(0);
  });

  it('lets the replica with the most data go first, and the others follow it', () => {
    const simulation = establishedCluster(SEED, [3, 0, 0]);
    const replicas = [3, 4, 5].map((index) => simulation.node(index));
    writeAllTheTime(simulation);
    simulation.run(2000);
    const [behind, ahead, last] = replicas as [SimNode, SimNode, SimNode];
    behind.writes.length -= 10;
    last.writes.length -= 20;
    simulation.node(0).crash();
    // A replica that has fallen behind cannot catch up any more.
    simulation.runUntil(() => isMaster(ahead), 'the best replica in place', 8000);
    expect(logged(ahead, '(rank #0')).toBe(true);
    expect(replicas.some((node) => node !== ahead && logged(node, 'Starting a failover election'))).toBe(
      false,
    );
    simulation.runUntil(
      () => behind.following?.host === ahead.ip && last.following?.host === ahead.ip,
      'the siblings behind it',
    );
  });

  it('is outlived twice in a row: the next replica takes over from the first', () => {
    const simulation = establishedCluster(SEED, [2, 0, 0]);
    const replicas = [simulation.node(3), simulation.node(4)];
    simulation.node(0).crash();
    simulation.runUntil(() => replicas.some(isMaster), 'the first', 8000);
    simulation.runUntil(
      () => replicas.some(({ following }) => following?.host !== '10.0.0.1'),
      'its replica',
    );
    const [first, second] = isMaster(replicas[0] as SimNode) ? replicas : [...replicas].reverse();
    simulation.runUntil(() => second?.following?.host === first?.ip, 'the second behind the first');
    first?.crash();
    simulation.runUntil(() => second !== undefined && isMaster(second), 'the second', 20_000);
  });

  it('needs a majority: a minority with the replica in it stops, and promotes nobody', () => {
    const simulation = establishedCluster(SEED, [1, 0, 0, 0, 0]);
    const heir = simulation.node(5);
    simulation.cutOff(1, 5);
    simulation.run(30_000);
    expect(isMaster(heir)).toBe(false);
    expect(heir.state.ok).toBe(false);
    simulation.heal();
    untilSettled(simulation, SETTLING_MS);
    expect(isMaster(simulation.node(0))).toBe(true);
  });

  it('is no time for a replica whose data are too old, unless any age will do', () => {
    for (const factor of [10, 0]) {
      const simulation = establishedCluster(SEED, [1, 0, 0], { replicaValidityFactor: factor });
      const heir = simulation.node(3);
      // The stream has been dead for long while the bus still works.
      const { follow } = heir.core.host;
      follow({ host: '10.9.9.9', port: 1 });
      simulation.run(10_000 + 10 * 2000 + 5000);
      simulation.node(0).crash();
      simulation.run(25_000);
      expect(isMaster(heir)).toBe(factor === 0);
      expect(logged(heir, 'Disconnected from master for longer than allowed')).toBe(factor !== 0);
    }
  });

  it('waits for the operator where cluster-replica-no-failover is set', () => {
    const simulation = establishedCluster(SEED, [1, 0, 0]);
    const heir = simulation.node(3);
    heir.settings.replicaNoFailover = true;
    simulation.node(0).crash();
    simulation.run(20_000);
    expect(isMaster(heir)).toBe(false);
    heir.command(() => failover(heir.core, 'force'));
    simulation.runUntil(() => isMaster(heir), 'the forced failover', 2000);
  });

  it('brings a replica that votes do not reach to ask again', () => {
    const simulation = establishedCluster(SEED, [1, 0, 0]);
    const heir = simulation.node(3);
    simulation.node(0).crash();
    simulation.runUntil(() => logged(heir, 'Start of election delayed'), 'the election', 8000);
    simulation.isCut = (from, to) => from === heir || to === heir;
    simulation.runUntil(() => logged(heir, 'Starting a failover election'), 'the question', 3000);
    simulation.run(1500);
    simulation.heal();
    simulation.runUntil(() => isMaster(heir), 'another election', 30_000);
    expect(heir.log.filter((line) => line.startsWith('Starting a failover election')).length).toBeGreaterThan(
      1,
    );
  });
});

describe('a manual failover', () => {
  it('loses no write, and ends the pause of the master', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const simulation = establishedCluster(seed, [2, 0, 0]);
      const [old, heir] = [simulation.node(0), simulation.node(3)];
      const acknowledged = writeAllTheTime(simulation);
      simulation.run(1000);
      heir.command(() => failover(heir.core, 'coordinated'));
      simulation.runUntil(() => isMaster(heir) && !isMaster(old), 'the exchange', 3000);
      untilSettled(simulation, SETTLING_MS);
      const lost = (acknowledged.get('0') ?? []).filter((write) => !heir.writes.includes(write));
      expect(lost).toEqual([]);
      expect(heir.writes.at(-1)).toBeGreaterThan(old.writes.length);
      expect(old.core.manualFailover).toBeUndefined();
    }
  });

  it('is refused where it cannot be', () => {
    const simulation = establishedCluster(SEED, [1, 0, 0]);
    const [master, heir] = [simulation.node(0), simulation.node(3)];
    expect(failover(master.core, 'coordinated')).toBe('ERR You should send CLUSTER FAILOVER to a replica');
    master.crash();
    simulation.runUntil(() => heir.state.node(master.id)?.link === undefined, 'the link gone');
    expect(failover(heir.core, 'coordinated')).toBe(
      'ERR Master is down or failed, please use CLUSTER FAILOVER FORCE',
    );
    expect(failover(heir.core, 'force')).toBeUndefined();
    simulation.runUntil(() => isMaster(heir), 'the forced one', 2000);
  });

  it('does without everybody as a takeover', () => {
    const simulation = establishedCluster(SEED, [1, 0, 0]);
    const heir = simulation.node(3);
    for (const index of [0, 1, 2]) simulation.node(index).crash();
    simulation.run(10_000);
    heir.command(() => failover(heir.core, 'takeover'));
    expect(isMaster(heir)).toBe(true);
    expect(heir.disk.configEpoch).toBe(heir.state.greatestEpoch);
    for (const index of [0, 1, 2]) simulation.node(index).restart();
    untilSettled(simulation, SETTLING_MS);
    expect(simulation.node(0).following?.host).toBe(heir.ip);
  });

  it('is given up after five seconds, and clients of the master go on', () => {
    const simulation = establishedCluster(SEED, [1, 0, 0]);
    const [master, heir] = [simulation.node(0), simulation.node(3)];
    writeAllTheTime(simulation);
    simulation.run(1000);
    // It never has what the master has: its replication stands still.
    heir.core.host.follow({ host: '10.9.9.9', port: 1 });
    simulation.run(1000);
    heir.command(() => failover(heir.core, 'coordinated'));
    simulation.run(1000);
    const before = master.writes.length;
    simulation.run(1000);
    expect(master.writes.length).toBe(before);
    simulation.run(5000);
    expect(logged(heir, 'Manual failover timed out.')).toBe(true);
    expect(logged(master, 'Manual failover timed out.')).toBe(true);
    expect(master.writes.length).toBeGreaterThan(before);
    expect(isMaster(master)).toBe(true);
  });

  it.each(['replicate', 'reset'] as const)('ends with the role: CLUSTER %s in the middle', (command) => {
    const simulation = establishedCluster(SEED, [1, 0, 0]);
    const [master, heir] = [simulation.node(0), simulation.node(3)];
    heir.core.host.follow({ host: '10.9.9.9', port: 1 });
    master.write(1);
    simulation.run(500);
    heir.command(() => failover(heir.core, 'coordinated'));
    simulation.run(300);
    expect(heir.core.manualFailover?.masterOffset).toBe(1);
    heir.command(() =>
      command === 'reset' ? reset(heir.core, false) : replicate(heir.core, simulation.node(1).id, true),
    );
    expect(heir.core.manualFailover).toBeUndefined();
    expect(heir.core.candidacy).toBeUndefined();
    simulation.run(8000);
    expect(isMaster(master)).toBe(true);
    expect(master.write(2)).toBe(true);
    expect(isMaster(heir)).toBe(false);
  });

  it('needs votes of its own: those of the one before do not count', () => {
    const simulation = establishedCluster(SEED, [1, 0, 0]);
    const [first, second] = [simulation.node(0), simulation.node(3)];
    second.command(() => failover(second.core, 'coordinated'));
    simulation.runUntil(() => isMaster(second) && first.state.myself.isReplica, 'there', 3000);
    simulation.run(2 * 2000);
    first.command(() => failover(first.core, 'coordinated'));
    simulation.runUntil(() => isMaster(first) && second.state.myself.isReplica, 'and back', 3000);
    // Nobody but the master can be reached any more.
    simulation.isCut = (from, to) => [from, to].some((node) => node !== first && node !== second);
    second.command(() => failover(second.core, 'coordinated'));
    simulation.run(6000);
    expect(isMaster(second)).toBe(false);
    expect(first.write(1) || !first.state.ok).toBe(true);
  });

  it('works under way through loss and repetition, or is given up', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const simulation = establishedCluster(seed, [1, 1, 1]);
      simulation.network = roughNetwork;
      const acknowledged = writeAllTheTime(simulation);
      simulation.run(1000);
      const heir = simulation.node(3);
      heir.command(() => failover(heir.core, 'coordinated'));
      simulation.run(6000);
      if (!logged(heir, "I'm the new master")) continue;
      untilSettled(simulation, SETTLING_MS);
      const holder = simulation.nodes.find(({ state }) => state.myself.slots.has(0));
      const lost = (acknowledged.get('0') ?? []).filter((write) => !holder?.writes.includes(write));
      expect(lost).toEqual([]);
    }
  });
});

describe('the migration of replicas', () => {
  it('gives a master without replicas one of those that have more than they need', () => {
    const simulation = establishedCluster(SEED, [2, 1, 0]);
    simulation.node(5).crash();
    const hosts = (): (string | undefined)[] => [3, 4].map((index) => simulation.node(index).following?.host);
    simulation.runUntil(() => hosts().includes('10.0.0.2'), 'a replica on its way', 20_000);
    expect(hosts()).toContain('10.0.0.1');
    // The third master never had a replica: it is not missed there.
    expect(hosts()).not.toContain('10.0.0.3');
  });

  it.each([
    ['the barrier keeps it', { migrationBarrier: 2 }],
    ['it is not allowed', { allowReplicaMigration: false }],
  ])('does not happen where %s', (_why, settings) => {
    const simulation = establishedCluster(SEED, [2, 1, 0], settings);
    simulation.node(5).crash();
    simulation.run(30_000);
    expect(simulation.node(3).following?.host).toBe('10.0.0.1');
    expect(simulation.node(4).following?.host).toBe('10.0.0.1');
  });

  it('is not held up by a replica that has failed for good', () => {
    const simulation = establishedCluster(SEED, [3, 1, 0]);
    const candidates = [3, 4, 5].map((index) => simulation.node(index));
    const [first, ...others] = candidates.sort((a, b) => (a.id < b.id ? -1 : 1)) as [
      SimNode,
      SimNode,
      SimNode,
    ];
    first.crash();
    simulation.runUntil(() => others.every(({ state }) => state.node(first.id)?.failed), 'it failed');
    simulation.node(6).crash();
    simulation.runUntil(
      () => others.some(({ following }) => following?.host === '10.0.0.2'),
      'a migration',
      20_000,
    );
  });
});
