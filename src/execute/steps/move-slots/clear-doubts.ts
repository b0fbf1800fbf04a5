/**
 * Owns the taking away of doubts, a fault of Redis 7.0 (set-slot.ts tells how they come about): a target that doubts
 * that the source claims a slot gives it back to the source's next packet after it has taken it, and deletes its keys.
 * Whoever moved the slot to the source before has left the doubt there, for as long as the source's packets bring no news:
 * it cannot be seen, and time does not cure it.
 *
 * The cure is news. A node goes through all slots of a packet, and drops every doubt about its sender, when the packet
 * differs from what it believes. So the target is made to believe, for about a tenth of a second, that one slot of the
 * source is a third master's; and the source is made to send it a packet (CLUSTER MEET does, even among nodes that know
 * each other). The slot falls back to the source by the very packet that clears the doubts: seeing that is the proof.
 * Meanwhile a client that asks the target for that slot is sent round by the third master, which sends it to the source.
 * In a cluster of two masters the target believes that the slot is its own, migrating to the source, and sends clients
 * there by ASK; its epoch must be the lower one then. Should trib be ended in between, the source's next packet sets it right.
 * Source: cluster.c clusterProcessPacket, clusterUpdateSlotsConfigWith. From 7.2 on a slot that changes hands is not doubted.
 */
import type { NodeClient } from '../../../client/node-client.ts';
import { type Clock, delay } from '../../../core/clock.ts';
import { TribError } from '../../../core/errors.ts';
import { SlotSet } from '../../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import type { NodeLine } from '../../../protocol/text/nodes.ts';
import { askLines, isFailing, isMaster } from '../../cluster-nodes.ts';
import type { StepContext } from '../../context.ts';
import { demandAll } from '../slot-commands.ts';
import type { Ends } from './ends.ts';

/** Servers that have the fault. */
const doubtful = /^7\.0\./;
/** A packet is sent within a tenth of a second of CLUSTER MEET; one that got lost is asked for again. */
const askAgainMs = 250;
const pauseMs = 5;
/** The target must hear from the source within this time. */
const patienceMs = 20_000;

/** What the target is made to believe: that a slot of the source is another master's. */
export interface Pretence {
  readonly slot: number;
  /** The target itself, where there is no third master. */
  readonly owner: NodeLine;
  /** The epoch of the owner is higher than the source's. */
  readonly ownerHigher: boolean;
}

/** So long a third master is waited for that a link has just broken to, or whose epoch has just changed. */
const choicePatienceMs = 5000;

/** Undefined where the target cannot have doubts, or nothing can be pretended. Throws a TribError. */
export async function choosePretence(
  ends: Ends,
  { clock }: Pick<StepContext, 'clock'>,
): Promise<Pretence | undefined> {
  const startMs = clock.monotonicMs();
  for (;;) {
    const choice = await choiceNow(ends);
    if (choice !== 'not yet') return choice;
    if (clock.monotonicMs() - startMs > choicePatienceMs) return undefined;
    await delay(clock, askAgainMs);
  }
}

async function choiceNow(ends: Ends): Promise<Pretence | undefined | 'not yet'> {
  const { source, target, targetInfo, step } = ends;
  if (!doubtful.test(targetInfo.get('redis_version') ?? '')) return undefined;
  const [ofTarget, ofSource] = await Promise.all([askLines(target), askLines(source)]);
  const [giver, taker] = [step.source, step.target].map((end) => ofTarget.find(({ id }) => id === end.id));
  if (giver === undefined || taker === undefined) return undefined;
  // A slot that is not moved, if there is one: what is importing would not fall back.
  const moving = SlotSet.fromRanges(step.slots);
  const open = new Set(taker.importing.map((entry) => entry.slot));
  // The target may be made to believe things by another move into it at this time: what counts is the source's word.
  const claimed = SlotSet.fromRanges(ofSource.find(({ id }) => id === giver.id)?.slots ?? []);
  const slots = [...SlotSet.fromRanges(giver.slots)].filter(
    (candidate) => claimed.has(candidate) && !open.has(candidate),
  );
  const slot = slots.find((candidate) => !moving.has(candidate)) ?? slots.at(-1);
  // The target tells the source of the pretended owner, if that has an epoch of which the source does not know yet.
  const known = new Map(ofSource.map(({ id, configEpoch }) => [id, configEpoch]));
  const others = ofTarget.filter((line) => isMaster(line) && line.id !== giver.id && line.id !== taker.id);
  const [third] = others
    .filter(
      (line) =>
        !isFailing(line) &&
        line.linkState === 'connected' &&
        line.configEpoch !== giver.configEpoch &&
        (known.get(line.id) ?? 0) >= line.configEpoch,
    )
    .sort((a, b) => a.configEpoch - b.configEpoch);
  // A target without slots would take the loss of one for a failover; and both must be at one about the source's.
  const canPretend = taker.slots.length > 0 && sameSlots(giver, ofSource) && sameSlots(taker, ofSource);
  const owner = third ?? (others.length === 0 && canPretend ? taker : undefined);
  if (slot === undefined) return undefined;
  if (owner === undefined) return others.some((line) => !isFailing(line)) ? 'not yet' : undefined;
  return { slot, owner, ownerHigher: owner.configEpoch >= giver.configEpoch };
}

function sameSlots(line: NodeLine, lines: readonly NodeLine[]): boolean {
  const seen = lines.find(({ id }) => id === line.id);
  return seen !== undefined && SlotSet.fromRanges(line.slots).equals(SlotSet.fromRanges(seen.slots));
}

/**
 * Resolves when the target doubts no slot of the source. The slot of the pretence must not be importing meanwhile.
 * Throws a TribError ("unsafe") when the target hears nothing from the source.
 */
export async function clearDoubts(
  { source, target, step }: Ends,
  { slot, owner, ownerHigher }: Pretence,
  { clock, pool }: StepContext,
): Promise<void> {
  const own = owner.id === step.target.id;
  // The target must not win the slot.
  if (own && ownerHigher) await source.demand(['CLUSTER', 'BUMPEPOCH']);
  await demandAll(target, [
    ['MULTI'],
    ['CLUSTER', 'SETSLOT', slot, 'NODE', owner.id],
    ...(own ? [['CLUSTER', 'SETSLOT', slot, 'MIGRATING', step.source.id]] : []),
    ['EXEC'],
  ]);
  // Of a third master with a higher epoch the target hears first that the slot is not its own.
  const third = pool.at({ host: owner.ip, port: owner.port });
  const talkers = ownerHigher && !own ? [third, source] : [source];
  const fallen = await poll(clock, async (ask) => {
    if (ask) await Promise.all(talkers.map((talker) => provoke(talker, step.target.id)));
    const sourceSeen = (await askLines(target)).find(({ id }) => id === step.source.id);
    return SlotSet.fromRanges(sourceSeen?.slots ?? []).has(slot);
  });
  if (!fallen) await demandAll(target, [['CLUSTER', 'SETSLOT', slot, 'NODE', step.source.id]]);
  if (own) await demandAll(target, [['CLUSTER', 'SETSLOT', slot, 'STABLE']]);
  if (fallen) return;
  const [from, to] = [source, target].map(({ address }) => formatAddress(address));
  throw new TribError('unsafe', `${to} hears nothing from ${from} on the cluster bus.`, {
    hint: 'Slots cannot be moved safely like that: are the bus ports open between the two?',
  });
}

/** Whether `look` said yes in time; now and then it is to ask for packets. */
async function poll(clock: Clock, look: (ask: boolean) => Promise<boolean>): Promise<boolean> {
  const startMs = clock.monotonicMs();
  for (let askMs = startMs; clock.monotonicMs() < startMs + patienceMs; ) {
    const ask = clock.monotonicMs() >= askMs;
    if (ask) askMs = clock.monotonicMs() + askAgainMs;
    if (await look(ask)) return true;
    await delay(clock, pauseMs);
  }
  return false;
}

/** Makes a node send a packet to another that it knows. Where it must not be asked to, it pings in its own time. */
async function provoke(talker: NodeClient, listenerId: string): Promise<void> {
  const listener = (await askLines(talker)).find(({ id }) => id === listenerId);
  if (listener === undefined) return;
  await talker.pipeline([['CLUSTER', 'MEET', listener.ip, listener.port, listener.busPort]], {
    repeatable: true,
  });
}
