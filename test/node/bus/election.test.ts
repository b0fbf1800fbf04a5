import { beforeEach, describe, expect, it } from 'vitest';
import { changeSlots, replicate } from '../../../src/node/bus/operator.ts';
import type { BusHeader } from '../../../src/protocol/bus/message.ts';
import { MESSAGE_TYPES, messageFlag, nodeFlag } from '../../../src/protocol/bus/wire.ts';
import { establishedCluster, untilSettled } from '../../sim/bus/chaos.ts';
import { allOk, everybodyKnowsEverybody, meetAll, shareSlots } from '../../sim/bus/expectations.ts';
import type { SimNode } from '../../sim/bus/sim-node.ts';
import { Simulation } from '../../sim/bus/simulation.ts';

/** Three masters; the fourth node follows the first, which is dead. */
describe('the vote of a master', () => {
  let simulation: Simulation;
  let voter: SimNode;
  let candidate: SimNode;

  beforeEach(() => {
    simulation = new Simulation(5, 4);
    meetAll(simulation);
    shareSlots(simulation, [0, 1, 2]);
    simulation.runUntil(() => everybodyKnowsEverybody(simulation) && allOk(simulation), 'joined');
    [voter, candidate] = [simulation.node(1), simulation.node(3)];
    candidate.command(() => replicate(candidate.core, simulation.node(0).id, true));
    simulation.run(3000);
    simulation.node(0).crash();
    simulation.runUntil(() => voter.state.node(simulation.node(0).id)?.failed === true, 'FAIL');
  });

  const request = (change: Partial<BusHeader> = {}): BusHeader => {
    const master = candidate.state.node(simulation.node(0).id);
    if (master === undefined) throw new Error('the master is not known');
    return {
      sender: candidate.id,
      port: 6379,
      busPort: 16_379,
      plainPort: 0,
      ip: '',
      currentEpoch: voter.state.currentEpoch + 1,
      configEpoch: master.configEpoch,
      slots: master.slots.bitmap,
      offset: 0,
      masterId: master.id,
      flags: nodeFlag.replica | nodeFlag.myself,
      stateOk: false,
      messageFlags: 0,
      ...change,
    };
  };
  const ask = (header: BusHeader, node = voter): string => {
    const link = node.state.node(header.sender)?.link;
    if (link === undefined) throw new Error('the candidate is not linked');
    node.machine.received(link, { header, body: { type: 'auth-req' } });
    node.machine.settle();
    return node.log.at(-1) ?? '';
  };
  const votesSent = (): number => voter.core.stats.sent[MESSAGE_TYPES.indexOf('auth-ack')] ?? 0;

  it('is given once an epoch, and kept before it is told', () => {
    expect(ask(request())).toContain(`Failover auth granted to ${candidate.id}`);
    const epoch = voter.state.currentEpoch;
    expect(voter.state.lastVoteEpoch).toBe(epoch);
    expect(voter.disk.text).toContain(`lastVoteEpoch ${epoch}`);
    expect(votesSent()).toBe(1);
    expect(ask(request({ currentEpoch: epoch }))).toContain(`already voted for epoch ${epoch}`);
    expect(ask(request())).toMatch(/can't vote about this master before \d+ milliseconds/);
    simulation.run(2 * voter.settings.nodeTimeoutMs + 100);
    expect(ask(request())).toContain('granted');
    expect(votesSent()).toBe(2);
  });

  it('is not given to an old epoch, a master, or while the master is up', () => {
    voter.state.currentEpoch += 5;
    expect(ask(request({ currentEpoch: voter.state.currentEpoch - 1 }))).toMatch(
      /reqEpoch \(\d+\) < curEpoch/,
    );
    expect(ask(request({ sender: simulation.node(2).id }))).toContain('it is a master node');
    const master = voter.state.node(simulation.node(0).id);
    master?.mark(nodeFlag.fail, false);
    expect(ask(request())).toContain('its master is up');
    expect(votesSent()).toBe(0);
    // A manual failover asks although the master works.
    expect(ask(request({ messageFlags: messageFlag.forceAck }))).toContain('granted');
  });

  it('is not given for slots that have a newer owner', () => {
    const other = simulation.node(2).state.myself;
    const slots = request().slots.slice();
    slots[Math.min(...other.slots) >> 3] = 0xff;
    const claim = request({ slots, configEpoch: 0 });
    expect(ask(claim)).toMatch(/slot \d+ epoch \(\d+\) > reqEpoch \(0\)/);
    expect(votesSent()).toBe(0);
  });

  it('is not given by a master without slots', () => {
    const { myself } = voter.state;
    voter.command(() => changeSlots(voter.core, [...myself.slots], false));
    const before = voter.state.lastVoteEpoch;
    ask(request());
    expect(voter.state.lastVoteEpoch).toBe(before);
    expect(votesSent()).toBe(0);
  });
});

describe('the candidacy of a replica', () => {
  let simulation: Simulation;
  let candidate: SimNode;

  /** Its master is dead, and the others never hear that votes are wanted. */
  beforeEach(() => {
    simulation = establishedCluster(6, [1, 0, 0]);
    candidate = simulation.node(3);
    simulation.node(0).crash();
    simulation.runUntil(() => candidate.core.candidacy !== undefined, 'a candidacy');
    simulation.isCut = (from) => from === candidate;
    simulation.runUntil(() => (candidate.core.candidacy?.epoch ?? 0) > 0, 'an election');
  });

  const vote = (voter: SimNode, currentEpoch: number): void => {
    const link = candidate.state.node(voter.id)?.link;
    if (link === undefined) throw new Error('the voter is not linked');
    const { myself } = voter.state;
    const header: BusHeader = {
      sender: voter.id,
      port: 6379,
      busPort: 16_379,
      plainPort: 0,
      ip: '',
      currentEpoch,
      configEpoch: myself.configEpoch,
      slots: myself.slots.bitmap,
      offset: 0,
      masterId: undefined,
      flags: nodeFlag.master | nodeFlag.myself,
      stateOk: true,
      messageFlags: 0,
    };
    candidate.machine.received(link, { header, body: { type: 'auth-ack' } });
    candidate.machine.settle();
  };

  it('is won by votes of its own epoch, not by those of an election before', () => {
    const epoch = candidate.core.candidacy?.epoch ?? 0;
    const voters = [simulation.node(1), simulation.node(2)];
    for (const voter of voters) vote(voter, epoch - 1);
    expect(candidate.state.myself.isMaster).toBe(false);
    for (const voter of voters) vote(voter, epoch);
    expect(candidate.state.myself.isMaster).toBe(true);
    expect(candidate.state.myself.configEpoch).toBe(epoch);
  });

  it('ends when the master is back, with the votes that it had', () => {
    vote(simulation.node(1), candidate.core.candidacy?.epoch ?? 0);
    expect(candidate.core.candidacy?.voters.size).toBe(1);
    simulation.heal();
    simulation.node(0).restart();
    simulation.runUntil(() => candidate.state.myself.master?.failed === false, 'the master back');
    candidate.machine.tick();
    expect(candidate.core.candidacy).toBeUndefined();
  });
});

describe('a master that was away', () => {
  it('is told who has its slots now by others than their new owner, too', () => {
    const simulation = establishedCluster(7, [1, 0, 0]);
    const [old, heir] = [simulation.node(0), simulation.node(3)];
    simulation.cutOff(0);
    simulation.runUntil(() => heir.state.myself.votes, 'the replica in place');
    // The two never hear each other: only the third parties' word is left.
    simulation.isCut = (from, to) => [from, to].includes(old) && [from, to].includes(heir);
    simulation.runUntil(() => !old.state.myself.isMaster, 'the old master a replica', 20_000);
    expect(old.state.myself.master?.id).toBe(heir.id);
    simulation.heal();
    untilSettled(simulation, 60_000);
  });
});
