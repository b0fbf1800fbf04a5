import { describe, expect, it } from 'vitest';
import { type Finding, findProblems, hasErrors } from '../../src/cluster/health.ts';
import type { Topology } from '../../src/cluster/topology.ts';
import {
  clusterOf,
  idOf,
  type Member,
  threeAndThree,
  threeMasters,
  topologyOf,
  viewOf,
} from '../helpers/views.ts';

function only(topology: Topology, kind: Finding['kind']): Finding {
  const found = findProblems(topology).filter((finding) => finding.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Finding;
}

const changed = (number: number, change: Partial<Member>): Member[] =>
  threeAndThree.map((member) => (member.number === number ? { ...member, ...change } : member));

describe('the health of a cluster', () => {
  it('has nothing to say of a healthy one', () => {
    expect(findProblems(clusterOf(threeAndThree))).toEqual([]);
  });

  it('finds slots without a master', () => {
    const finding = only(clusterOf(changed(2, { slots: '5461-10000' })), 'uncovered-slots');
    expect(finding).toMatchObject({ severity: 'error', slots: [{ first: 10001, last: 10922 }] });
    expect(finding.message).toBe('922 slots have no master: 10001-10922.');
  });

  it('finds open slots on each end', () => {
    const members = changed(1, { slots: `0-5460 [7->-${idOf(2)}] [9->-${idOf(2)}]` });
    const both = members.map((member) =>
      member.number === 2 ? { ...member, slots: `5461-10922 [7-<-${idOf(1)}]` } : member,
    );
    const found = findProblems(clusterOf(both)).filter(({ kind }) => kind === 'open-slots');
    expect(found.map(({ message }) => message)).toEqual([
      'Node 127.0.0.1:7001 has slots in migrating state 7,9.',
      'Node 127.0.0.1:7002 has slots in importing state 7.',
    ]);
  });

  it('tells who says what where nodes disagree', () => {
    const moved = [
      { number: 1, slots: '0-5459' },
      { number: 2, slots: '5460-10922' },
      { number: 3, slots: '10923-16383' },
    ];
    const topology = topologyOf([viewOf(1, threeMasters), viewOf(2, moved), viewOf(3, threeMasters)]);
    expect(only(topology, 'disagreement').message).toBe(
      'Nodes disagree about slots 5460: of 127.0.0.1:7001 according to 127.0.0.1:7001, 127.0.0.1:7003; of 127.0.0.1:7002 according to 127.0.0.1:7002.',
    );
    expect(only(topology, 'multiple-owners').message).toBe(
      'Slots 5460 are claimed by 127.0.0.1:7001 and 127.0.0.1:7002.',
    );
  });

  it('finds nodes that are away or seen as failing', () => {
    const members = changed(5, { flags: 'fail' });
    const views = [1, 2, 3, 4, 6].map((number) => viewOf(number, members));
    const silences = [{ address: { host: '127.0.0.1', port: 7005 }, reason: 'connection refused.' }];
    const topology = topologyOf(views, silences);
    expect(only(topology, 'unreachable').message).toBe(
      'Node 127.0.0.1:7005 cannot be asked: connection refused.',
    );
    expect(only(topology, 'failing').nodes).toEqual([idOf(5)]);
    expect(hasErrors(findProblems(topology))).toBe(true);
  });

  it('finds who does not know whom', () => {
    const without = threeAndThree.filter(({ number }) => number !== 3);
    const views = threeAndThree.map(({ number }) => viewOf(number, number === 5 ? without : threeAndThree));
    expect(only(topologyOf(views), 'unknown-node').message).toBe(
      'Node 127.0.0.1:7003 is not known to 127.0.0.1:7005.',
    );
  });

  it('finds replicas of nobody, replicas without a link, and masters that were left alone', () => {
    expect(only(clusterOf(changed(5, { replicaOf: 77 })), 'unknown-master').severity).toBe('error');
    const unlinked = threeAndThree.map(({ number }) =>
      viewOf(number, threeAndThree, number === 6 ? { masterLinkUp: false } : {}),
    );
    expect(only(topologyOf(unlinked), 'replica-without-link').severity).toBe('warning');
    expect(only(clusterOf(changed(5, { replicaOf: 1 })), 'master-without-replica')).toMatchObject({
      severity: 'warning',
      nodes: [idOf(2)],
    });
    expect(only(clusterOf(threeMasters), 'master-without-replica').severity).toBe('note');
  });

  it('finds broken links, colliding epochs, and nodes that refuse clients', () => {
    const views = threeAndThree.map(({ number }) =>
      viewOf(number, number === 4 ? changed(2, { link: 'disconnected' }) : threeAndThree),
    );
    expect(only(topologyOf(views), 'broken-link').message).toBe(
      'The bus port 17002 of 127.0.0.1:7002 has no link from 127.0.0.1:7004.',
    );
    expect(only(clusterOf(changed(2, { epoch: 1 })), 'epoch-collision').severity).toBe('warning');
    expect(only(clusterOf(threeAndThree, { state: 'fail' }), 'not-serving').severity).toBe('warning');
  });

  it('puts errors first', () => {
    const found = findProblems(clusterOf(changed(2, { slots: '5461-10000', epoch: 1 })));
    expect(found.map(({ severity }) => severity)).toEqual(['error', 'warning']);
  });
});
