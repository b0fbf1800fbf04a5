/**
 * Owns the two ends of a move and the masters beside them: who they are now, that each master knows both ends (one
 * that does not would fail in the middle), and how far each slot has come already.
 */

import { ConnectionLost } from '../../../client/command.ts';
import { NodeClient } from '../../../client/node-client.ts';
import { TribError } from '../../../core/errors.ts';
import type { MoveSlots } from '../../../plan/plan.ts';
import { formatRanges, rangesOf, SlotSet } from '../../../protocol/slots/slot-set.ts';
import { type Address, formatAddress } from '../../../protocol/text/addresses.ts';
import { type InfoFields, parseInfo } from '../../../protocol/text/info.ts';
import type { NodeLine } from '../../../protocol/text/nodes.ts';
import { askLines, isFailing, isMaster } from '../../cluster-nodes.ts';
import { poll, type StepContext } from '../../context.ts';
import { targetForSource } from '../../migrate/target-for-source.ts';

/** The clients of the ends are of this move alone: closed, they end whatever still waits for a node that has failed. */
export interface Ends {
  readonly step: MoveSlots;
  /** Aborted when an end is not the master any more: nothing is tried again. */
  readonly lost: AbortController;
  /** For SETSLOT and questions. */
  readonly source: NodeClient;
  readonly target: NodeClient;
  /** To the source as well, for MIGRATE alone: questions need not wait for it. */
  readonly stream: NodeClient;
  /** What the target says of itself as a server. */
  readonly targetInfo: InfoFields;
  /** The masters that are neither. */
  readonly others: readonly NodeClient[];
  /** Where the source reaches the target. */
  readonly targetForSource: Address;
}

/** Slots of the step by what is left to do. */
export interface Stages {
  /** The source's; open or not. */
  readonly toMove: readonly number[];
  /** The target's already, but the source has not closed them. */
  readonly toClose: readonly number[];
  /** Of those to move: open at one end only, or towards a former end. */
  readonly halfOpen: readonly number[];
  /** Of those to move: importing, but not from the source as the target sees it. What is importing the bus does not change. */
  readonly misseen: readonly number[];
  /** Whether any of the slots is open at all, or taken and not closed. */
  readonly hasOpen: boolean;
}

/** Where the replicas of each end listen. */
export interface Replicas {
  readonly source: readonly Address[];
  readonly target: readonly Address[];
}

export interface Prepared {
  readonly ends: Ends;
  readonly stages: Stages;
  readonly replicas: Replicas;
}

interface Views {
  readonly source: readonly NodeLine[];
  readonly target: readonly NodeLine[];
}

/** Ends the talk with both ends. */
export function closeEnds({ source, target, stream }: Ends): void {
  for (const client of [source, target, stream]) client.close();
}

/**
 * `formers` are the ids of nodes that were an end before a failover: slots are open towards them still. Throws a
 * TribError: "unsafe" when an end is no master, or a master does not know an end.
 */
export async function prepareEnds(
  step: MoveSlots,
  formers: ReadonlySet<string>,
  context: StepContext,
): Promise<Prepared> {
  const { options, clock } = context.pool;
  const [source, target, stream] = [step.source, step.target, step.source].map(
    ({ address }) => new NodeClient(address, options, clock),
  ) as [NodeClient, NodeClient, NodeClient];
  try {
    return await prepare({ step, source, target, stream }, formers, context);
  } catch (error) {
    for (const client of [source, target, stream]) client.close();
    throw error;
  }
}

async function prepare(
  own: Pick<Ends, 'step' | 'source' | 'target' | 'stream'>,
  formers: ReadonlySet<string>,
  context: StepContext,
): Promise<Prepared> {
  const { step, source, target } = own;
  let views: Views = { source: [], target: [] };
  let targetInfo: InfoFields = new Map();
  let others: readonly NodeClient[] = [];
  await poll(
    context,
    async () => {
      const [ofSource, ofTarget, info] = await Promise.all([
        askLines(source),
        askLines(target),
        target.demand(['INFO', 'server'], { repeatable: true }),
      ]);
      targetInfo = parseInfo(String(info));
      views = { source: ofSource, target: ofTarget };
      others = otherMasters(step, ofSource).map((address) => context.pool.at(address));
      const reasons = await Promise.all(others.map((other) => whyNotKnownTo(step, other)));
      return (
        strangerTo(step, step.source.address, ofSource) ??
        strangerTo(step, step.target.address, ofTarget) ??
        reasons.find(Boolean)
      );
    },
    (reason) =>
      new TribError('unsafe', `Slots cannot be moved safely: ${reason}.`, {
        hint: 'Every master must know both ends of a move. A node that was forgotten is kept out for 60 s.',
      }),
  );
  const seen = views.source.find(({ id }) => id === step.target.id);
  const ends: Ends = {
    ...own,
    targetInfo,
    lost: new AbortController(),
    others,
    targetForSource: await targetForSource(source, target, seen),
  };
  const replicasOf = (id: string): Address[] =>
    views.source.filter(({ masterId, flags }) => masterId === id && !flags.includes('noaddr')).map(addressOf);
  return {
    ends,
    stages: stagesOf(step, formers, views),
    replicas: { source: replicasOf(step.source.id), target: replicasOf(step.target.id) },
  };
}

function addressOf({ ip, hostname, port }: NodeLine): Address {
  return { host: ip === '' ? hostname : ip, port };
}

/** Why a master beside the ends cannot take part yet. One that is down may be about to be failed over. */
async function whyNotKnownTo(step: MoveSlots, other: NodeClient): Promise<string | undefined> {
  try {
    return strangerTo(step, other.address, await askLines(other));
  } catch (error) {
    if (error instanceof ConnectionLost) return `${formatAddress(other.address)} cannot be reached`;
    throw error;
  }
}

/** Masters besides the ends. One that is failing and has no slots is not waited for: it has nothing to redirect. */
function otherMasters(step: MoveSlots, lines: readonly NodeLine[]): Address[] {
  return lines
    .filter(
      (line) =>
        isMaster(line) &&
        line.id !== step.source.id &&
        line.id !== step.target.id &&
        !line.flags.includes('noaddr') &&
        !(isFailing(line) && line.slots.length === 0),
    )
    .map(addressOf);
}

/** Why the node at `address` cannot take part yet; undefined when it knows both ends as masters. */
function strangerTo(step: MoveSlots, address: Address, lines: readonly NodeLine[]): string | undefined {
  for (const end of [step.source, step.target]) {
    const line = lines.find(({ id }) => id === end.id);
    const name = formatAddress(end.address);
    if (line === undefined) return `${formatAddress(address)} does not know ${name}`;
    if (!isMaster(line)) return `${name} is not a master for ${formatAddress(address)}`;
    if (line.flags.includes('fail')) return `${formatAddress(address)} sees ${name} as failing`;
  }
  return undefined;
}

/** Throws a TribError ("unsafe") when a slot belongs to neither end, or is open towards a third node. */
function stagesOf({ source, target, slots }: MoveSlots, formers: ReadonlySet<string>, views: Views): Stages {
  const ofSource = views.source.find(({ id }) => id === source.id);
  const ofTarget = views.target.find(({ id }) => id === target.id);
  const sourceOwns = SlotSet.fromRanges(ofSource?.slots ?? []);
  const targetOwns = SlotSet.fromRanges(ofTarget?.slots ?? []);
  const migrating = new Map(ofSource?.migrating.map(({ slot, nodeId }) => [slot, nodeId]));
  const importing = new Map(ofTarget?.importing.map(({ slot, nodeId }) => [slot, nodeId]));
  const isForeign = (end: string | undefined, own: string): boolean =>
    end !== undefined && end !== own && !formers.has(end);
  const seenAtSource = SlotSet.fromRanges(views.target.find(({ id }) => id === source.id)?.slots ?? []);
  const [toMove, toClose, halfOpen, foreign]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (const slot of SlotSet.fromRanges(slots)) {
    const [to, from] = [migrating.get(slot), importing.get(slot)];
    if (isForeign(to, target.id) || isForeign(from, source.id)) foreign.push(slot);
    else if (targetOwns.has(slot)) {
      if (sourceOwns.has(slot) || to !== undefined) toClose.push(slot);
    } else if (sourceOwns.has(slot)) {
      toMove.push(slot);
      const isOpen = to === target.id && from === source.id;
      if (!isOpen && (to !== undefined || from !== undefined)) halfOpen.push(slot);
    } else foreign.push(slot);
  }
  if (foreign.length > 0) {
    const names = `${formatAddress(source.address)} nor ${formatAddress(target.address)}`;
    throw new TribError(
      'unsafe',
      `Slots ${formatRanges(rangesOf(foreign), ',')} belong to neither ${names}, or are open towards another node.`,
      { hint: 'The cluster has changed since this was planned: plan again.' },
    );
  }
  const misseen = toMove.filter((slot) => importing.has(slot) && !seenAtSource.has(slot));
  const hasOpen = toClose.length > 0 || toMove.some((slot) => migrating.has(slot) || importing.has(slot));
  return { toMove, toClose, halfOpen, misseen, hasOpen };
}
