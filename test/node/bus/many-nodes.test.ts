import { describe, expect, it } from 'vitest';
import type { BusMachine } from '../../../src/node/bus/machine.ts';
import { MixedCluster } from '../../helpers/mixed-cluster.ts';
import { until } from '../../helpers/servers.ts';

describe('many nodes in one process', () => {
  it('know each other, share the slots, and pass PUBLISH on', async () => {
    const count = 24;
    const cluster = await MixedCluster.start(Array.from({ length: count }, () => 'bundled' as const));
    try {
      const machines = cluster.members.map(({ node }): BusMachine => {
        const { cluster: part } = node.parts;
        if (part === undefined) throw new Error('no cluster');
        return part.machine;
      });
      await Promise.all(
        cluster.members.map((member, i) => member.text('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)),
      );
      await cluster.shareSlots(...cluster.members.keys());
      await Promise.all(cluster.members.slice(1).map((member) => cluster.member(0).meet(member)));
      await until(
        () =>
          machines.every(
            ({ core: { state } }) =>
              state.ok && state.nodeCount === count && state.nodes.every((node) => !node.inHandshake),
          ),
        'all nodes to be ok',
      );
      const epochs = new Set(machines.map(({ core }) => core.state.myself.configEpoch));
      expect(epochs.size).toBe(count);
      const received = (machine: BusMachine): number => machine.core.stats.received[4] ?? 0;
      cluster.member(5).node.parts.cluster?.publish('news', 'hello', false);
      await until(
        () => machines.filter((machine) => received(machine) === 1).length === count - 1,
        'PUBLISH',
      );
    } finally {
      await cluster.stop();
    }
  });
});
