/**
 * Owns what is watched while a simulation runs. Each message is looked at as it is sent; one that no node may ever send ends the
 * run by an error.
 */
import type { BusMessage } from '../../../src/protocol/bus/message.ts';
import type { SimNode } from './sim-node.ts';

export class Witness {
  /** Every epoch comes from a vote (or the beginning): then it is one master's for ever. */
  onlyElected = false;
  /** Which master has claimed slots under an epoch. */
  readonly #holders = new Map<number, string>();
  /** Whom a master has voted for, by voter and epoch. */
  readonly #votes = new Map<string, string>();

  told(sender: SimNode, receiver: SimNode, { header, body }: BusMessage): void {
    const { disk } = sender;
    const { currentEpoch, configEpoch } = header;
    const isMaster = header.masterId === undefined;
    if (isMaster && configEpoch > disk.configEpoch)
      throw new Error(`${sender.ip} tells epoch ${configEpoch} and has saved ${disk.configEpoch}`);
    if (body.type === 'auth-req' && currentEpoch > disk.currentEpoch)
      throw new Error(`${sender.ip} asks for votes in ${currentEpoch} and has saved ${disk.currentEpoch}`);
    if (body.type === 'auth-ack') this.#voted(sender, receiver, currentEpoch);
    if (isMaster && this.onlyElected && header.slots.some((byte) => byte !== 0))
      this.#claimed(header.sender, configEpoch);
  }

  #voted(voter: SimNode, candidate: SimNode, epoch: number): void {
    if (voter.disk.lastVoteEpoch < epoch)
      throw new Error(`${voter.ip} votes in ${epoch} and has saved ${voter.disk.lastVoteEpoch}`);
    const vote = `${voter.ip} in ${epoch}`;
    const other = this.#votes.get(vote) ?? candidate.ip;
    if (other !== candidate.ip) throw new Error(`two votes of ${vote}: for ${other} and ${candidate.ip}`);
    this.#votes.set(vote, other);
  }

  #claimed(id: string, epoch: number): void {
    const holder = this.#holders.get(epoch) ?? id;
    if (holder !== id) throw new Error(`epoch ${epoch} has two masters: ${holder} and ${id}`);
    this.#holders.set(epoch, holder);
  }
}
