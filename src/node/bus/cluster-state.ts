/**
 * Owns the tables of the cluster as this node sees it: nodes, who owns which slot, open slots, epochs. Keeps the
 * tables consistent with each other; decides nothing, sends nothing.
 * Source: Redis 7.0 cluster.h struct clusterState; cluster.c "CLUSTER node API", "Slots management".
 */
import { nodeFlag } from '../../protocol/bus/wire.ts';
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import type { ClusterNode } from './cluster-node.ts';

export class ClusterState {
  readonly #nodes = new Map<string, ClusterNode>();
  #list: ClusterNode[] = [];
  readonly #owners: (ClusterNode | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  readonly #myself: ClusterNode;

  currentEpoch = 0;
  lastVoteEpoch = 0;
  ok = false;
  /** Masters with at least one slot. */
  size = 1;
  /** Slots that this node hands over, or takes over, and the other end. */
  readonly migrating = new Map<number, ClusterNode>();
  readonly importing = new Map<number, ClusterNode>();
  /** Slots whose owner has stopped to claim them while nobody else has yet. */
  readonly notClaimed = new SlotSet();
  /** Told of each slot that this node's shard has no more, be it for a moment only. */
  onRelease: ((slot: number) => void) | undefined;

  constructor(myself: ClusterNode) {
    this.#myself = myself;
    this.addNode(myself);
  }

  get myself(): ClusterNode {
    return this.#myself;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  /** In the order in which they became known. A copy is not made: it is replaced when a node comes or goes. */
  get nodes(): readonly ClusterNode[] {
    return this.#list;
  }

  node(id: string): ClusterNode | undefined {
    return this.#nodes.get(id);
  }

  addNode(node: ClusterNode): void {
    if (this.#nodes.has(node.id)) throw new Error(`node ${node.id} is known already`);
    this.#nodes.set(node.id, node);
    this.#list = [...this.#list, node];
  }

  rename(node: ClusterNode, id: string): void {
    if (this.#nodes.has(id)) throw new Error(`node ${id} is known already`);
    this.#nodes.delete(node.id);
    node.id = id;
    this.#nodes.set(id, node);
  }

  /** Forgets a node: its slots are unassigned, its links closed, its replicas left without a known master. */
  deleteNode(node: ClusterNode): void {
    this.deleteSlotsOf(node);
    for (const open of [this.migrating, this.importing]) {
      for (const [slot, other] of open) if (other === node) open.delete(slot);
    }
    for (const other of this.#list) other.failReports.delete(node);
    for (const replica of node.replicas) replica.master = undefined;
    if (node.master !== undefined) this.detachReplica(node.master, node);
    this.#nodes.delete(node.id);
    this.#list = this.#list.filter((other) => other !== node);
    node.link?.close();
    node.inboundLink?.close();
  }

  owner(slot: number): ClusterNode | undefined {
    return this.#owners[slot];
  }

  /** Nobody's, or its owner no longer claims it. */
  isUnclaimed(slot: number): boolean {
    return this.#owners[slot] === undefined || this.notClaimed.has(slot);
  }

  /** False when it has an owner already. */
  addSlot(node: ClusterNode, slot: number): boolean {
    if (this.#owners[slot] !== undefined) return false;
    this.#owners[slot] = node;
    node.slots.add(slot);
    // A master's first slot makes it a target of replica migration, unless the cluster has no replicas at all.
    if (node.slots.size === 1 && this.#list.some((other) => other.isMaster && other.replicas.length > 0))
      node.mark(nodeFlag.migrateTo, true);
    return true;
  }

  /**
   * False when it had no owner. What was noted of the former owner does not hold for the next one: Redis 7.0 keeps the
   * note, and then gives the slot to whoever claims it in a late packet, however low its epoch (fixed in 7.2).
   */
  deleteSlot(slot: number): boolean {
    const owner = this.#owners[slot];
    if (owner === undefined) return false;
    if (owner === this.#myself || owner === this.#myself.master) this.onRelease?.(slot);
    this.#owners[slot] = undefined;
    this.notClaimed.delete(slot);
    owner.slots.delete(slot);
    return true;
  }

  deleteSlotsOf(node: ClusterNode): void {
    for (const slot of [...node.slots]) this.deleteSlot(slot);
  }

  closeAllSlots(): void {
    this.migrating.clear();
    this.importing.clear();
  }

  attachReplica(master: ClusterNode, replica: ClusterNode): void {
    replica.master = master;
    if (master.replicas.includes(replica)) return;
    master.replicas.push(replica);
    master.replicas.sort((a, b) => (a.id < b.id ? -1 : 1));
    master.mark(nodeFlag.migrateTo, true);
  }

  detachReplica(master: ClusterNode, replica: ClusterNode): void {
    replica.master = undefined;
    const index = master.replicas.indexOf(replica);
    if (index < 0) return;
    master.replicas.splice(index, 1);
    if (master.replicas.length === 0) master.mark(nodeFlag.migrateTo, false);
  }

  /** So many masters with slots are the majority of them. */
  get quorum(): number {
    return Math.floor(this.size / 2) + 1;
  }

  /** The greatest epoch that this node has heard of. */
  get greatestEpoch(): number {
    return this.#list.reduce((greatest, node) => Math.max(greatest, node.configEpoch), this.currentEpoch);
  }
}
