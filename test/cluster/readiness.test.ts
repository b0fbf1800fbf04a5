import { describe, expect, it } from 'vitest';
import { type Condition, goalsOf, missingFor } from '../../src/cluster/readiness.ts';
import type { Topology } from '../../src/cluster/topology.ts';
import { clusterOf, type Member, threeAndThree, threeMasters, topologyOf, viewOf } from '../helpers/views.ts';

const missing = (condition: Condition, topology: Topology): string[] =>
  missingFor(condition, topology, goalsOf(topology));

describe('what a cluster lacks', () => {
  const withoutFourth = threeAndThree.filter(({ number }) => number !== 4);
  const asMaster = (number: number): Member[] =>
    threeAndThree.map((member) => (member.number === number ? { number } : member));
  const silent = [{ address: { host: '127.0.0.1', port: 7003 }, reason: 'gone' }];

  it('is nothing when all is well', () => {
    for (const condition of ['ok', 'converged', 'replicas'] as const) {
      expect(missing(condition, clusterOf(threeAndThree))).toEqual([]);
    }
  });

  it.each<[string, Condition, Topology, string]>([
    [
      'a node that refuses clients',
      'ok',
      clusterOf(threeMasters, { state: 'fail' }),
      '127.0.0.1:7001 refuses clients',
    ],
    ['slots of nobody', 'ok', clusterOf(threeMasters.slice(1)), '5461 slots have no master'],
    [
      'a node that is away',
      'ok',
      topologyOf([viewOf(1, threeMasters), viewOf(2, threeMasters)], silent),
      '127.0.0.1:7003 does not answer',
    ],
    [
      'a node that some do not know',
      'converged',
      topologyOf(
        threeAndThree.map(({ number }) => viewOf(number, number === 2 ? withoutFourth : threeAndThree)),
      ),
      '127.0.0.1:7002 does not know 127.0.0.1:7004',
    ],
    [
      'a handshake under way',
      'converged',
      topologyOf(
        threeMasters.map(({ number }) =>
          viewOf(number, number === 1 ? [...threeMasters, { number: 9, flags: 'handshake' }] : threeMasters),
        ),
      ),
      '127.0.0.1:7001 is still being introduced to others',
    ],
    [
      'a role that some do not know',
      'converged',
      topologyOf(
        threeAndThree.map(({ number }) => viewOf(number, number === 3 ? asMaster(4) : threeAndThree)),
      ),
      '127.0.0.1:7003 does not know the role of 127.0.0.1:7004',
    ],
    [
      'a replica without its link',
      'replicas',
      clusterOf(threeAndThree, { masterLinkUp: false }),
      'replica 127.0.0.1:7004 is not up to date: it has no link to its master yet',
    ],
    [
      'a replica that is being filled',
      'replicas',
      clusterOf(threeAndThree, { replication: { syncing: true } }),
      'replica 127.0.0.1:7004 is not up to date: it is being sent the data of its master',
    ],
  ])('%s', (_, condition, topology, what) => {
    expect(missing(condition, topology)).toContain(what);
  });

  it('tells of slots about which nodes disagree', () => {
    const other = threeMasters.map((member) =>
      member.number === 1 ? { ...member, slots: '0-5459' } : member,
    );
    const views = threeMasters.map(({ number }) => viewOf(number, number === 2 ? other : threeMasters));
    expect(missing('converged', topologyOf(views)).join()).toContain('disagree about slots 5460');
  });

  it('asks of a replica what its master had at first, not what it has now', () => {
    const at = (master: number, replica: number): Topology =>
      topologyOf(
        threeAndThree.map(({ number }) =>
          viewOf(number, threeAndThree, { replication: { offset: number < 4 ? master : replica } }),
        ),
      );
    const goals = goalsOf(at(1000, 0));
    expect(missingFor('replicas', at(1500, 990), goals)).toContain(
      'replica 127.0.0.1:7004 is not up to date: it is 10 bytes behind',
    );
    expect(missingFor('replicas', at(9000, 1000), goals)).toEqual([]);
  });
});
