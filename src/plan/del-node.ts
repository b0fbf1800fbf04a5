/**
 * Owns the plan by which a node leaves a cluster: its slots go to other masters if that is wanted, then its replicas,
 * then all others forget it, then it forgets them. Pure. Source: redis-cli.c clusterManagerCommandDeleteNode.
 */
import { homeFor } from '../cluster/replica-homes.ts';
import {
  answeringNodes,
  type ClusterNode,
  nameOfNode,
  nodeById,
  replicasOf,
  type Topology,
  viewsOf,
} from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { formatAddress } from '../protocol/text/addresses.ts';
import { movesOff } from './drain.ts';
import { type MoveOptions, PLAN_VERSION, type PlainPlan, refTo, type Step } from './plan.ts';

export interface DelNodeRequest {
  readonly nodeId: string;
  /** Its slots are moved to the other masters first. */
  readonly drain: boolean;
  readonly options: MoveOptions;
}

/** Throws a TribError ("unsafe") when something would be lost with the node. */
export function planDelNode(topology: Topology, { nodeId, drain, options }: DelNodeRequest): PlainPlan {
  const leaving = nodeById(topology, nodeId);
  if (leaving === undefined) throw new TribError('usage', `[ERR] No such node ID ${nodeId}`);
  refuseLoss(topology, leaving, drain);
  const staying = othersThatAnswer(topology, leaving);
  const moves = drain ? movesOff(topology, leaving) : [];
  return {
    version: PLAN_VERSION,
    operation: 'del-node',
    seed: seedBeside(topology, leaving),
    options,
    steps: [
      ...moves,
      ...(moves.length === 0
        ? []
        : [{ kind: 'wait-agreement', nodes: staying.map(refTo), roles: false } as const]),
      ...rehomingSteps(
        topology,
        leaving,
        moves.map(({ target }) => target.id),
      ),
      ...leavingSteps(topology, leaving),
    ],
  };
}

/** A node of the cluster that stays, for when the plan is applied again. */
export function seedBeside(topology: Topology, leaving: ClusterNode): Topology['seed'] {
  const [own] = topology.nodes;
  if (own?.id !== leaving.id) return topology.seed;
  const [other] = othersThatAnswer(topology, leaving);
  return other === undefined ? topology.seed : refTo(other).address;
}

/** The others forget the node, and it forgets them, if it is there. */
export function leavingSteps(topology: Topology, leaving: ClusterNode, ...newcomers: ClusterNode[]): Step[] {
  // Those that do not answer are told of: they may bring the node back.
  const others = topology.nodes.filter(
    ({ id, address }) => id !== leaving.id && address.host !== '' && address.port > 0,
  );
  const steps: Step[] = [
    {
      kind: 'forget',
      id: leaving.id,
      name: nameForLeaving(leaving),
      nodes: [...others, ...newcomers].map(refTo),
    },
  ];
  if (leaving.view !== undefined) steps.push({ kind: 'reset', node: refTo(leaving) });
  return steps;
}

/** A node that has lost its address is called by its id. */
function nameForLeaving({ id, address }: ClusterNode): string {
  return address.host === '' || address.port === 0 ? id : formatAddress(address);
}

export function othersThatAnswer(topology: Topology, leaving: ClusterNode): ClusterNode[] {
  const others = answeringNodes(topology).filter(({ id }) => id !== leaving.id);
  if (others.length > 0) return others;
  throw new TribError(
    'unsafe',
    `No other node of the cluster answers that could forget ${nameOfNode(leaving)}.`,
  );
}

/** Each replica of the node gets another master: never the one that leaves, which has the fewest once they are gone. */
function rehomingSteps(topology: Topology, leaving: ClusterNode, takerIds: readonly string[]): Step[] {
  const promised = new Map<string, number>();
  return replicasOf(topology, leaving.id)
    .filter(({ view }) => view !== undefined)
    .map((replica): Step => {
      const request = { host: replica.address.host, except: new Set([leaving.id]), promised };
      const master = homeFor(topology, request);
      if (master === undefined) {
        throw new TribError('unsafe', `There is no other master for the replica ${nameOfNode(replica)}.`, {
          hint: 'Remove the replica first, or add a master.',
        });
      }
      promised.set(master.id, (promised.get(master.id) ?? 0) + 1);
      return {
        kind: 'replicate',
        node: refTo(replica),
        master: refTo(master),
        formerMasterId: leaving.id,
        // When its master gives its last slot, a replica follows the slot by itself.
        ...(takerIds.length === 0 ? {} : { passingMasterIds: [...takerIds] }),
      };
    });
}

/** Slots and keys must not go with a node. Throws a TribError ("unsafe"). */
export function refuseLoss(topology: Topology, leaving: ClusterNode, slotsAreMoved: boolean): void {
  const name = nameForLeaving(leaving);
  if (leaving.slotCount > 0 && leaving.view === undefined) {
    throw new TribError(
      'unsafe',
      `[ERR] Node ${name} does not answer, and nobody has taken its ${leaving.slotCount} slots.`,
      {
        hint: `Let one of its replicas take over (trib failover HOST:PORT REPLICA --takeover), or give its slots up: trib fix ${formatAddress(topology.seed)} --fix-with-unreachable-masters`,
      },
    );
  }
  if (slotsAreMoved) return;
  if (leaving.slotCount > 0) {
    throw new TribError('unsafe', `[ERR] Node ${name} is not empty! Reshard data away and try again.`, {
      hint: `It has ${leaving.slotCount} slots. With --drain they are moved to the other masters first.`,
    });
  }
  const open = topology.nodes.some(({ id, migrating, importing }) =>
    [...migrating, ...importing].some(({ nodeId }) => id === leaving.id || nodeId === leaving.id),
  );
  if (open) {
    throw new TribError(
      'unsafe',
      `Slots are open between ${name} and another node: keys may be on both sides.`,
      {
        hint: `Finish the move first: trib resume, or trib fix ${formatAddress(topology.seed)}`,
      },
    );
  }
  const believer = viewsOf(topology).find(({ lines }) =>
    lines.some(({ id, slots }) => id === leaving.id && slots.length > 0),
  );
  if (believer !== undefined)
    throw new TribError('unsafe', `${nameOfNode(believer)} takes ${name} for a node with slots.`, {
      hint: 'This passes when the nodes agree: try again, or look with trib check.',
    });
  const keys = leaving.role === 'master' ? (leaving.view?.keyCount ?? 0) : 0;
  if (keys > 0)
    throw new TribError(
      'unsafe',
      `[ERR] Node ${name} is a master without slots that contains ${keys} keys.`,
      {
        hint: 'They belong to slots of other nodes. If nobody needs them, FLUSHALL on it, then try again.',
      },
    );
}
