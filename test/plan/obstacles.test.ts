import { describe, expect, it } from 'vitest';
import { nodeById, type Topology } from '../../src/cluster/topology.ts';
import {
  refuseMoves,
  refuseNewMembers,
  refuseTransfers,
  refuseUnwritable,
} from '../../src/plan/obstacles.ts';
import { clusterOf, idOf, type Member, threeMasters, topologyOf, viewOf } from '../helpers/views.ts';

const replica: Member = { number: 4, replicaOf: 3, epoch: 3 };
const members = [...threeMasters, replica, { number: 5 }];
const withSlots = (number: number, slots: string): Topology =>
  clusterOf(members.map((member) => (member.number === number ? { ...member, slots } : member)));
const silent = (number: number): Topology => {
  const silence = { address: { host: '127.0.0.1', port: 7000 + number }, reason: 'no answer' };
  const others = members.filter((member) => member.number !== number);
  return topologyOf(
    others.map((member) => viewOf(member.number, members)),
    [silence],
  );
};
const stranger = (number: number): Topology =>
  topologyOf(
    members.map((member) =>
      viewOf(
        member.number,
        member.number === 1 ? members.filter((other) => other.number !== number) : members,
      ),
    ),
  );
const node = (topology: Topology, number: number) => {
  const found = nodeById(topology, idOf(number));
  if (found === undefined) throw new Error(`no node ${number}`);
  return found;
};

/** Which changes are refused: of members, of keys, a move from 1 to 5, a transfer of slot 5 from 1 to 5. */
function refused(topology: Topology): string {
  const move = { source: node(topology, 1), target: node(topology, 5) };
  const changes: readonly [string, () => void][] = [
    ['members', () => refuseNewMembers(topology, 'adding a node')],
    ['keys', () => refuseUnwritable(topology, 'importing keys')],
    ['move', () => refuseMoves(topology, [move], 'resharding')],
    ['transfer', () => refuseTransfers(topology, [{ ...move, slots: [5] }], [], 'rebalancing')],
  ];
  const isRefused = (change: () => void): boolean => {
    try {
      change();
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'unsafe', hint: expect.stringMatching(/./) });
      return true;
    }
  };
  return changes
    .filter(([, change]) => isRefused(change))
    .map(([name]) => name)
    .join(' ');
}

describe('what keeps a change from being made', () => {
  it.each<[string, Topology, string]>([
    ['nothing', clusterOf(members), ''],
    ['a master with slots that does not answer', silent(3), 'members keys move transfer'],
    ['a replica that does not answer', silent(4), ''],
    ['slots that nobody has', withSlots(3, '10923-16000'), 'members keys move transfer'],
    ['a slot that is open on the way', withSlots(1, `0-5460 [5->-${idOf(5)}]`), 'members'],
    ['another slot between the same ends', withSlots(1, `0-5460 [6->-${idOf(5)}]`), 'members transfer'],
    ['a slot that is open elsewhere', withSlots(1, `0-5460 [5->-${idOf(3)}]`), 'members move transfer'],
    ['an end that does not answer', silent(5), 'move transfer'],
    ['an end that not all know', stranger(5), 'move transfer'],
    ['another node that not all know', stranger(4), ''],
  ])('%s', (_, topology, changes) => {
    expect(refused(topology)).toBe(changes);
  });

  it('is not a node that leaves anyway', () => {
    const failing = clusterOf(
      members.map((member) => (member.number === 3 ? { ...member, flags: 'fail?' } : member)),
    );
    expect(() => refuseNewMembers(failing, 'adding a node')).toThrow('before adding a node');
    expect(() => refuseNewMembers(failing, 'replacing a node', idOf(3))).not.toThrow();
  });
});
