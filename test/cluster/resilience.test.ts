import { describe, expect, it } from 'vitest';
import { findProblems } from '../../src/cluster/health.ts';
import type { Topology } from '../../src/cluster/topology.ts';
import { clusterOf, idOf, type Member, threeAndThree, topologyOf, viewOf } from '../helpers/views.ts';

const messages = (topology: Topology): string[] => findProblems(topology).map(({ message }) => message);

/** Three masters and three replicas on these hosts, in the order of their numbers. */
function onHosts(...hosts: readonly string[]): Topology {
  return clusterOf(threeAndThree.map((member, index): Member => ({ ...member, host: hosts[index] ?? '' })));
}

describe('what the next failure would do', () => {
  it('is nothing to speak of on one single host, where there is no choice', () => {
    expect(messages(clusterOf(threeAndThree))).toEqual([]);
  });

  it('is nothing to fear where masters and their replicas are apart', () => {
    expect(messages(onHosts('a', 'b', 'c', 'b', 'c', 'a'))).toEqual([]);
  });

  it('takes a replica with its master where both are on one host', () => {
    expect(messages(onHosts('a', 'b', 'c', 'b', 'b', 'a'))).toEqual([
      'Replica b:7005 is in the host of its master b:7002: b.',
    ]);
  });

  it('takes the majority where one host has most masters', () => {
    expect(messages(onHosts('a', 'a', 'c', 'c', 'c', 'a'))).toEqual([
      'If host a fails, 2 of 3 masters fail with it, and those left are no majority: nobody takes over.',
    ]);
  });

  it('looks at zones where nodes tell theirs', () => {
    const zones = ['x', 'x', 'y', 'y', 'x', 'y'];
    const views = threeAndThree.map(({ number }) =>
      viewOf(
        number,
        threeAndThree.map((member) => ({ ...member, host: `h${member.number}` })),
        { zone: zones[number - 1] ?? '' },
      ),
    );
    expect(messages(topologyOf(views))).toEqual([
      'Replica h5:7005 is in the zone of its master h2:7002: x.',
      'Replica h6:7006 is in the zone of its master h3:7003: y.',
      'If zone x fails, 2 of 3 masters fail with it, and those left are no majority: nobody takes over.',
    ]);
  });

  it.each([
    ['far behind', 5, { offset: 1000 }, 'Replica 127.0.0.1:7005 is 2.5 MB behind its master 127.0.0.1:7002.'],
    [
      'cut off without knowing',
      5,
      { offset: 2_501_000, silentSeconds: 31 },
      'Replica 127.0.0.1:7005 has heard nothing of its master for 31 s.',
    ],
  ])('loses writes with a replica that is %s', (_, number, replication, message) => {
    const views = threeAndThree.map((member) =>
      viewOf(member.number, threeAndThree, {
        replication: member.number === number ? replication : { offset: 2_501_000 },
      }),
    );
    const [found, ...others] = findProblems(topologyOf(views));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: 'replica-behind', severity: 'warning', message, nodes: [idOf(5)] });
  });

  it('is worse while a replica is still being sent everything', () => {
    const views = threeAndThree.map(({ number }) =>
      viewOf(
        number,
        threeAndThree,
        number === 4 ? { masterLinkUp: false, replication: { syncing: true } } : {},
      ),
    );
    expect(messages(topologyOf(views))).toEqual([
      'Replica 127.0.0.1:7004 is being sent the data of its master 127.0.0.1:7001.',
    ]);
  });
});
