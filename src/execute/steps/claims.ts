/**
 * Owns the steps that settle who owns slots. A claim with a higher epoch makes a master delete what it holds of a slot
 * that it takes for its own: so who loses a slot gives it up first, and imports it, which makes it deaf to claims; and
 * only a slot that nobody claims is taken. Source: Redis 7.0 cluster.c clusterUpdateSlotsConfigWith, clusterCommand.
 */
import type { Command } from '../../client/command.ts';
import type { NodeClient } from '../../client/node-client.ts';
import { delay } from '../../core/clock.ts';
import { TribError } from '../../core/errors.ts';
import type { AnnounceSlots, DropClaim, NodeRef, TakeSlots } from '../../plan/plan.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { NodeLine } from '../../protocol/text/nodes.ts';
import { askLines, askOwnLine, isMaster, ownLineOf } from '../cluster-nodes.ts';
import type { StepContext } from '../context.ts';
import { introduce } from './meet.ts';
import { demandAll, setSlots } from './slot-commands.ts';

/**
 * Takes the slots under an epoch that wins. The last one is taken as an imported slot is: then the node tells all
 * others at once what it has.
 */
export async function takeSlots(
  { node, slots, target }: TakeSlots,
  { pool }: StepContext,
): Promise<'done' | 'already'> {
  const client = pool.at(node.address);
  const lines = await askLines(client);
  const own = demandMaster(lines, client);
  const owned = SlotSet.fromRanges(own.slots);
  const goneTo = target === undefined ? [] : ((await askOwnLine(pool.at(target.address)))?.slots ?? []);
  const gone = SlotSet.fromRanges(goneTo);
  const missing = [...SlotSet.fromRanges(slots)].filter((slot) => !owned.has(slot) && !gone.has(slot));
  if (missing.length === 0) return 'already';
  if (target !== undefined) await demandAll(pool.at(target.address), setSlots(missing, 'IMPORTING', node.id));
  const bound = new SlotSet(
    lines.filter(({ id }) => id !== own.id).flatMap((line) => [...SlotSet.fromRanges(line.slots)]),
  );
  const toUnbind = missing.filter((slot) => bound.has(slot));
  const other = lines.find((line) => isMaster(line) && line.id !== own.id);
  const last = missing[missing.length - 1] as number;
  const rest = other === undefined ? missing : missing.slice(0, -1);
  await demandAll(client, [
    ['CLUSTER', 'BUMPEPOCH'],
    ...(toUnbind.length === 0 ? [] : [['CLUSTER', 'DELSLOTS', ...toUnbind]]),
    ...(rest.length === 0 ? [] : [['CLUSTER', 'ADDSLOTS', ...rest]]),
    ...(other === undefined
      ? []
      : [...setSlots([last], 'IMPORTING', other.id), ...setSlots([last], 'NODE', own.id)]),
    ...(target === undefined ? [] : setSlots(missing, 'MIGRATING', target.id)),
  ]);
  return 'done';
}

/** Only slots that both claim at this moment are given up. Their keys stay where they are. */
export async function dropClaim(
  { node, owner, slots, opens }: DropClaim,
  { pool }: StepContext,
): Promise<'done' | 'already'> {
  const [loser, winner] = [pool.at(node.address), pool.at(owner.address)];
  const lines = await askLines(loser);
  const own = demandMaster(lines, loser);
  const kept = SlotSet.fromRanges(demandMaster(await askLines(winner), winner).slots);
  const claimed = SlotSet.fromRanges(own.slots);
  const both = [...SlotSet.fromRanges(slots)].filter((slot) => claimed.has(slot) && kept.has(slot));
  if (both.length === 0) return 'already';
  if (!isMaster(lines.find(({ id }) => id === owner.id))) {
    throw new TribError(
      'unsafe',
      `${formatAddress(loser.address)} does not know ${formatAddress(winner.address)} as a master: it cannot leave slots to it.`,
      { hint: 'Nodes must know each other: trib check tells which do not.' },
    );
  }
  if (opens) await demandAll(winner, setSlots(both, 'MIGRATING', node.id));
  // Slot by slot, so that none is nobody's for longer than a moment.
  await demandAll(
    loser,
    both.flatMap((slot): Command[] => [
      ['CLUSTER', 'DELSLOTS', slot],
      ...setSlots([slot], 'NODE', owner.id),
      ...setSlots([slot], 'IMPORTING', owner.id),
    ]),
  );
  return 'done';
}

/** How long word may take on the bus before the owner calls on the node to speed it up, and before the node is told. */
const nudgeAfterMs = 200;
const busPatienceMs = 1000;
/** Slots do not move between nodes that know different epochs of each other: so long word of that is waited for. */
const epochPatienceMs = 10_000;
const pauseMs = 25;

/** A node that cannot be told fails nothing: whether all agree is looked at afterwards. */
export async function announceSlots(step: AnnounceSlots, context: StepContext): Promise<'done' | 'already'> {
  const { owner, slots, nodes } = step;
  const own = await askOwnLine(context.pool.at(owner.address));
  const owned = SlotSet.fromRanges(own?.slots ?? []);
  const announced = [...SlotSet.fromRanges(slots)].filter((slot) => owned.has(slot));
  if (own === undefined || announced.length === 0) return 'already';
  const outcomes = await Promise.all(
    nodes.map(async (node): Promise<'done' | 'already'> => {
      try {
        return await new Announcement(step, announced, own.configEpoch, node, context).run();
      } catch (error) {
        if (!(error instanceof TribError)) throw error;
        context.emit({ type: 'retrying', node: node.address, reason: error.message });
        return 'done';
      }
    }),
  );
  return outcomes.includes('done') ? 'done' : 'already';
}

/** One node that is to know that slots are the owner's. */
class Announcement {
  readonly #owner: NodeRef;
  readonly #slots: readonly number[];
  readonly #epoch: number;
  readonly #node: NodeRef;
  readonly #context: StepContext;
  readonly #client: NodeClient;

  constructor(
    { owner }: AnnounceSlots,
    slots: readonly number[],
    epoch: number,
    node: NodeRef,
    context: StepContext,
  ) {
    this.#owner = owner;
    this.#slots = slots;
    this.#epoch = epoch;
    this.#node = node;
    this.#context = context;
    this.#client = context.pool.at(node.address);
  }

  async run(): Promise<'done' | 'already'> {
    const { clock } = this.#context;
    const startMs = clock.monotonicMs();
    let nudged = false;
    for (let rounds = 1; ; rounds++) {
      const waitedMs = clock.monotonicMs() - startMs;
      const lines = await askLines(this.#client);
      const seen = lines.find(({ id }) => id === this.#owner.id);
      const told = await this.#tell(lines, seen, waitedMs > busPatienceMs);
      const knowsEpoch = seen !== undefined && seen.configEpoch >= this.#epoch;
      if (told === 'nothing to tell' && knowsEpoch) return rounds === 1 ? 'already' : 'done';
      if (waitedMs > epochPatienceMs) return 'done';
      if (!nudged && waitedMs > nudgeAfterMs) {
        nudged = true;
        await introduce([[this.#owner, this.#node]], this.#context);
      }
      await delay(clock, pauseMs);
    }
  }

  /** Tells what the bus does not: a node does not listen to claims of slots that it imports. */
  async #tell(
    lines: readonly NodeLine[],
    seen: NodeLine | undefined,
    isLate: boolean,
  ): Promise<'told' | 'waits' | 'nothing to tell'> {
    const known = SlotSet.fromRanges(seen?.slots ?? []);
    const unknown = this.#slots.filter((slot) => !known.has(slot));
    const own = ownLineOf(lines);
    if (unknown.length === 0 || !isMaster(own)) return 'nothing to tell';
    const deaf = new Set(own.importing.map(({ slot }) => slot));
    const toTell = isLate ? unknown : unknown.filter((slot) => deaf.has(slot));
    if (toTell.length === 0) return 'waits';
    await demandAll(this.#client, setSlots(toTell, 'NODE', this.#owner.id));
    return 'told';
  }
}

function demandMaster(lines: readonly NodeLine[], { address }: NodeClient): NodeLine {
  const own = ownLineOf(lines);
  if (isMaster(own)) return own;
  throw new TribError('unsafe', `${formatAddress(address)} is not a master any more.`, {
    hint: 'It was failed over meanwhile. Run trib fix again.',
  });
}
