/**
 * Owns what is watched while a simulation runs. Each message is looked at as it is sent; one that no node may ever send ends the
 * run by an error.
 */
import type { BusMessage } from '../../../src/protocol/bus/message.ts';
import { SlotSet } from '../../../src/protocol/slots/slot-set.ts';
import type { SimNode } from './sim-node.ts';

export class Witness {
  /**
   * Where every epoch beyond the first ones comes from a vote: how many masters there are. Then an epoch is one master's for
   * ever, and most masters have voted for it.
   */
  electorate: number | undefined;
  /** Which master has claimed slots under an epoch. */
  readonly #holders = new Map<number, string>();
  /** Whom a master has voted for, by voter and epoch. */
  readonly #votes = new Map<string, string>();
  /** Who has voted for a node, by its id and epoch. */
  readonly #voters = new Map<string, Set<string>>();
  /** Why a voter may not vote for a node, as it was when the request came; by voter, epoch and candidate. */
  readonly #objections = new Map<string, string>();

  told(sender: SimNode, receiver: SimNode, { header, body }: BusMessage): void {
    const { disk } = sender;
    const { currentEpoch, configEpoch } = header;
    const isMaster = header.masterId === undefined;
    if (isMaster && configEpoch > disk.configEpoch)
      throw new Error(`${sender.ip} tells epoch ${configEpoch} and has saved ${disk.configEpoch}`);
    if (body.type === 'auth-req' && currentEpoch > disk.currentEpoch)
      throw new Error(`${sender.ip} asks for votes in ${currentEpoch} and has saved ${disk.currentEpoch}`);
    if (body.type === 'auth-ack') this.#voted(sender, receiver, currentEpoch);
    if (isMaster && this.electorate !== undefined && header.slots.some((byte) => byte !== 0))
      this.#claimed(header.sender, configEpoch, this.electorate);
  }

  /** A message is about to be worked off. */
  heard({ ip, state }: SimNode, { header, body }: BusMessage): void {
    if (body.type !== 'auth-req') return;
    const newer = [...SlotSet.fromBitmap(header.slots)].find((slot) => {
      const owner = state.isUnclaimed(slot) ? undefined : state.owner(slot);
      return owner !== undefined && owner.configEpoch > header.configEpoch;
    });
    if (newer === undefined) return;
    const request = `${ip} in ${header.currentEpoch} for ${header.sender}`;
    this.#objections.set(request, `slot ${newer} has a newer owner`);
  }

  #voted(voter: SimNode, candidate: SimNode, epoch: number): void {
    if (voter.disk.lastVoteEpoch < epoch)
      throw new Error(`${voter.ip} votes in ${epoch} and has saved ${voter.disk.lastVoteEpoch}`);
    const vote = `${voter.ip} in ${epoch}`;
    const other = this.#votes.get(vote) ?? candidate.ip;
    if (other !== candidate.ip) throw new Error(`two votes of ${vote}: for ${other} and ${candidate.ip}`);
    this.#votes.set(vote, other);
    const election = `${candidate.id} in ${epoch}`;
    const problem = this.#objections.get(`${vote} for ${candidate.id}`);
    if (problem !== undefined) throw new Error(`${vote} votes for ${candidate.ip}: ${problem}`);
    const voters = this.#voters.get(election) ?? new Set();
    this.#voters.set(election, voters.add(voter.id));
  }

  #claimed(id: string, epoch: number, electorate: number): void {
    const holder = this.#holders.get(epoch);
    if (holder === id) return;
    if (holder !== undefined) throw new Error(`epoch ${epoch} has two masters: ${holder} and ${id}`);
    this.#holders.set(epoch, id);
    const votes = this.#voters.get(`${id} in ${epoch}`)?.size ?? 0;
    // The first masters have the first epochs.
    if (epoch > electorate && votes <= electorate / 2)
      throw new Error(`${id} has taken epoch ${epoch} with ${votes} votes of ${electorate}`);
  }
}
