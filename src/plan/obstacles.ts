/**
 * Owns the question what keeps a change from being made safely: whatever is wrong with the cluster, but for what this
 * change can do with. Pure.
 */
import { type Finding, findProblems } from '../cluster/health.ts';
import { type ClusterNode, nameOfNode, nodeById, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { formatRanges, rangesOf, SlotSet } from '../protocol/slots/slot-set.ts';
import type { Transfer } from './steps/move-slots.ts';

/** Slots are to go from one master to another. */
export type Move = Pick<Transfer, 'source' | 'target'>;

/** What a change needs of each node, by its id. */
interface Needs {
  /** It has to be there. */
  readonly there: (id: string) => boolean;
  /** Every other has to know it. */
  readonly known: (id: string) => boolean;
  /** Its slots must not be open as they are. */
  readonly closed: (id: string) => boolean;
}

const every = (): boolean => true;
const none = (): boolean => false;

/**
 * Throws a TribError ("unsafe") when nodes cannot be added, replaced or removed. Nodes without slots may be away, and not
 * all need to know all: such is what changes of members are there for. `leaving`: a node that may be in any state.
 * `doing`: "adding a node".
 */
export function refuseNewMembers(topology: Topology, doing: string, leaving = ''): void {
  const there = (id: string): boolean => id !== leaving && holdsSlots(topology, id);
  refuse(doing, messagesOf(obstacles(topology, { there, known: none, closed: every })));
}

/**
 * Throws a TribError ("unsafe") when keys cannot be written to every slot. Slots may be on their way: who writes keys
 * follows them; and nodes without slots may be away. `doing`: "importing keys".
 */
export function refuseUnwritable(topology: Topology, doing: string): void {
  const there = (id: string): boolean => holdsSlots(topology, id);
  refuse(doing, messagesOf(obstacles(topology, { there, known: none, closed: none })));
}

/** Throws a TribError ("unsafe") when slots cannot be moved like that. `doing`: "resharding". */
export function refuseMoves(topology: Topology, moves: readonly Move[], doing: string): void {
  refuse(doing, whyNotMoved(topology, moves));
}

/**
 * As refuseMoves, where it is known which slots are to go, and `involved` masters are to know each other, the ends or not:
 * slots that are open may only be the rest of what is planned anyway.
 */
export function refuseTransfers(
  topology: Topology,
  transfers: readonly Transfer[],
  involved: readonly ClusterNode[],
  doing: string,
): void {
  const blocking = whyNotMoved(topology, transfers, involved);
  refuse(
    doing,
    blocking.length > 0 ? blocking : topology.nodes.flatMap((node) => openBesides(node, transfers)),
  );
}

/**
 * What keeps slots from being moved, a sentence each. A slot that is open between the ends of a move is no obstacle: it is
 * the rest of a move that was cut short, and goes first. Nodes that hold no slots, and replicas, may be away. `involved`:
 * masters besides the ends that every other must know.
 */
export function whyNotMoved(
  topology: Topology,
  moves: readonly Move[],
  involved: readonly ClusterNode[] = [],
): string[] {
  const ends = new Set(moves.flatMap(({ source, target }) => [source.id, target.id]));
  const known = new Set([...ends, ...involved.map(({ id }) => id)]);
  const found = obstacles(topology, {
    there: (id) => ends.has(id) || holdsSlots(topology, id),
    known: (id) => known.has(id),
    closed: (id) => !isPartOf(topology, id, moves),
  });
  return messagesOf(found);
}

function obstacles(topology: Topology, { there, known, closed }: Needs): Finding[] {
  return findProblems(topology).filter(({ kind, severity, nodes }) => {
    if (severity !== 'error') return false;
    switch (kind) {
      case 'unreachable':
      case 'failing':
        return nodes.some(there);
      case 'unknown-node':
        return nodes.some(known);
      case 'open-slots':
        return nodes.some(closed);
      case 'unknown-master':
        return false;
      default:
        return true;
    }
  });
}

function messagesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ message }) => message);
}

function refuse(doing: string, reasons: readonly string[]): void {
  if (reasons.length === 0) return;
  throw new TribError('unsafe', `*** Please fix your cluster problems before ${doing}`, {
    hint: reasons.join('\n'),
  });
}

function holdsSlots(topology: Topology, id: string): boolean {
  return (nodeById(topology, id)?.slotCount ?? 0) > 0;
}

/** Whether all that this node has open lies between the ends of a move. */
function isPartOf(topology: Topology, id: string, moves: readonly Move[]): boolean {
  const node = nodeById(topology, id);
  if (node === undefined) return false;
  const isMove = (sourceId: string, targetId: string): boolean =>
    moves.some(({ source, target }) => source.id === sourceId && target.id === targetId);
  return (
    node.migrating.every(({ nodeId }) => isMove(id, nodeId)) &&
    node.importing.every(({ nodeId }) => isMove(nodeId, id))
  );
}

/** A sentence about slots that are open on the node towards others than those to which they are planned to go. */
function openBesides(node: ClusterNode, transfers: readonly Transfer[]): string[] {
  const planned = (sourceId: string, targetId: string): SlotSet =>
    new SlotSet(
      transfers.find(({ source, target }) => source.id === sourceId && target.id === targetId)?.slots ?? [],
    );
  const besides = [
    ...node.migrating.filter(({ slot, nodeId }) => !planned(node.id, nodeId).has(slot)),
    ...node.importing.filter(({ slot, nodeId }) => !planned(nodeId, node.id).has(slot)),
  ];
  if (besides.length === 0) return [];
  const slots = rangesOf(besides.map(({ slot }) => slot).sort((a, b) => a - b));
  return [
    `Slots ${formatRanges(slots, ',')} are open on ${nameOfNode(node)}, and not on the way that they would go.`,
  ];
}
