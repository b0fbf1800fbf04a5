/**
 * Owns the taking away of doubts, a fault of Redis 7.0 (set-slot.ts tells how they come about): a target that doubts
 * that the source claims a slot gives it back to the source's next packet after it has taken it, and deletes its keys.
 * Whoever moved the slot to the source before has left the doubt there, for as long as the source's packets bring no news:
 * it cannot be seen, and time does not cure it.
 *
 * The cure is news. A node goes through all slots of a packet, and drops every doubt about its sender, when the packet
 * differs from what it believes. So the target is made to believe, for about a tenth of a second, that one slot of the source is a third
 * master's; and the source is made to send it a packet (CLUSTER MEET does, even among nodes that know each other). The
 * slot falls back to the source by the very packet that clears the doubts: seeing that is the proof. Meanwhile a client
 * that asks the target for that slot is sent round by the third master, which sends it to the source. Should trib be ended in between,
 * the next packet of the source sets it right.
 * Source: cluster.c clusterProcessPacket, clusterUpdateSlotsConfigWith. From 7.2 on a slot that changes hands is not doubted.
 */
import type { NodeClient } from '../../../client/node-client.ts';
import { delay } from '../../../core/clock.ts';
import { TribError } from '../../../core/errors.ts';
import { SlotSet } from '../../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import { parseInfo } from '../../../protocol/text/info.ts';
import { type NodeLine, parseNodes } from '../../../protocol/text/nodes.ts';
import { askLines, clusterNodes, isFailing, isMaster } from '../../cluster-nodes.ts';
import type { StepContext } from '../../context.ts';
import type { Ends } from './ends.ts';

/** Servers that have the fault. */
const doubtful = /^7\.0\./;
/** A packet is sent within a tenth of a second of CLUSTER MEET; one that got lost is asked for again. */
const askAgainMs = 250;
const pauseMs = 5;
/** The target must hear from the source within this time. */
const patienceMs = 20_000;

/** What the target is made to believe: that a slot of the source is a third master's. */
export interface Pretence {
  readonly slot: number;
  readonly owner: NodeLine;
  /** The packet of the third master has to come first: its epoch is higher than the source's. */
  readonly ownerFirst: boolean;
}

/** Undefined where the target cannot have doubts, or there is no third master to pretend with. Throws a TribError. */
export async function choosePretence({ source, target, step }: Ends): Promise<Pretence | undefined> {
  const [info, nodes] = await target.pipeline([['INFO', 'server'], clusterNodes], { repeatable: true });
  if (!doubtful.test(parseInfo(String(info)).get('redis_version') ?? '')) return undefined;
  const ofTarget = parseNodes(String(nodes));
  const ofSource = await askLines(source);
  const giver = ofTarget.find(({ id }) => id === step.source.id);
  if (giver === undefined) return undefined;
  // A slot that is not moved, if there is one: what is importing would not fall back.
  const moving = SlotSet.fromRanges(step.slots);
  const slots = [...SlotSet.fromRanges(giver.slots)];
  const slot = slots.find((candidate) => !moving.has(candidate)) ?? slots.at(-1);
  // The target tells the source of the pretended owner, if that has an epoch of which the source does not know yet.
  const known = new Map(ofSource.map(({ id, configEpoch }) => [id, configEpoch]));
  const owners = ofTarget.filter(
    (line) =>
      isMaster(line) &&
      ![step.source.id, step.target.id].includes(line.id) &&
      !isFailing(line) &&
      line.linkState === 'connected' &&
      line.configEpoch !== giver.configEpoch &&
      (known.get(line.id) ?? 0) >= line.configEpoch,
  );
  const owner = owners.sort((a, b) => a.configEpoch - b.configEpoch)[0];
  if (slot === undefined || owner === undefined) return undefined;
  return { slot, owner, ownerFirst: owner.configEpoch > giver.configEpoch };
}

/**
 * Resolves when the target doubts no slot of the source. The slot of the pretence must not be importing meanwhile.
 * Throws a TribError ("unsafe") when the target hears nothing from the source.
 */
export async function clearDoubts(
  { source, target, step }: Ends,
  { slot, owner, ownerFirst }: Pretence,
  { clock, pool }: StepContext,
): Promise<void> {
  const setSlot = (nodeId: string): Promise<unknown> =>
    target.demand(['CLUSTER', 'SETSLOT', slot, 'NODE', nodeId], { repeatable: true });
  const third = pool.at({ host: owner.ip, port: owner.port });
  const talkers = ownerFirst ? [third, source] : [source];
  const deadlineMs = clock.monotonicMs() + patienceMs;
  await setSlot(owner.id);
  for (let askedMs = Number.NEGATIVE_INFINITY; clock.monotonicMs() < deadlineMs; ) {
    if (clock.monotonicMs() - askedMs > askAgainMs) {
      askedMs = clock.monotonicMs();
      await Promise.all(talkers.map((talker) => provoke(talker, step.target.id)));
    }
    await delay(clock, pauseMs);
    const sourceSeen = (await askLines(target)).find(({ id }) => id === step.source.id);
    if (SlotSet.fromRanges(sourceSeen?.slots ?? []).has(slot)) return;
  }
  await setSlot(step.source.id);
  const [from, to] = [source, target].map(({ address }) => formatAddress(address));
  throw new TribError('unsafe', `${to} hears nothing from ${from} on the cluster bus.`, {
    hint: 'Slots cannot be moved safely like that: are the bus ports open between the two?',
  });
}

/** Makes a node send a packet to another that it knows. Where it must not be asked to, it pings in its own time. */
async function provoke(talker: NodeClient, listenerId: string): Promise<void> {
  const listener = (await askLines(talker)).find(({ id }) => id === listenerId);
  if (listener === undefined) return;
  await talker.pipeline([['CLUSTER', 'MEET', listener.ip, listener.port, listener.busPort]], {
    repeatable: true,
  });
}
