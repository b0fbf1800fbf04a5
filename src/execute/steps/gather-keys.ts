/**
 * Owns the step that brings keys from a master which has no right to them to the owner of their slot. The owner serves
 * clients all the while, so nothing is ever overwritten there: a key that it has already is compared, and the copy
 * deleted when it is the same, or when the operator wants the owner's to count. The source imports the slot meanwhile:
 * else it would redirect MIGRATE; afterwards it closes it.
 */
import { type Command, ConnectionLost } from '../../client/command.ts';
import type { NodeClient } from '../../client/node-client.ts';
import { TribError } from '../../core/errors.ts';
import type { GatherKeys } from '../../plan/plan.ts';
import { rangesOf, SlotSet } from '../../protocol/slots/slot-set.ts';
import { type Address, formatAddress } from '../../protocol/text/addresses.ts';
import type { NodeLine } from '../../protocol/text/nodes.ts';
import { askLines, askOwnLine, isMaster, ownLineOf } from '../cluster-nodes.ts';
import type { StepContext } from '../context.ts';
import { differOnTwoNodes } from '../keys-differ.ts';
import { BatchSize } from '../migrate/batch-size.ts';
import { compareCopies } from '../migrate/compare-copies.ts';
import { SizeGuard } from '../migrate/large-keys.ts';
import {
  cannotSend,
  isPassing,
  judgeMigrate,
  migrateCommand,
  Passing,
  replyTimeoutMs,
  type Verdict,
} from '../migrate/migrate.ts';
import { Patience } from '../migrate/patience.ts';
import { targetForSource } from '../migrate/target-for-source.ts';
import { countKeys, keysIn, listKeys } from '../slot-keys.ts';
import {
  allowMore,
  keysSkipped,
  keysTooLarge,
  raiseTimeout,
  StuckSlot,
  stuckBecause,
} from '../stuck-slot.ts';
import { demandAll, setStable } from './slot-commands.ts';

const slotsAtOnce = 256;

interface Way {
  readonly source: NodeClient;
  readonly owner: NodeClient;
  /** Where the source reaches the owner. */
  readonly ownerForSource: Address;
  readonly size: BatchSize;
  readonly guard: SizeGuard;
  readonly context: StepContext;
}

/**
 * Returns the rest of the step when the operator ended it. Throws KeysDiffer when keys that differ are left, and a TribError
 * when only keys too large are, or a node refuses; no key is lost by it.
 */
export async function gatherKeys(
  step: GatherKeys,
  context: StepContext,
): Promise<'done' | 'already' | GatherKeys> {
  const [source, owner] = [context.pool.at(step.source.address), context.pool.at(step.target.address)];
  const [lines, ownerLine] = await Promise.all([askLines(source), askOwnLine(owner)]);
  const own = ownLineOf(lines);
  // A replica holds nothing that its master does not.
  if (!isMaster(own)) return 'already';
  const slots = slotsToGather(step, own, ownerLine);
  const seen = lines.find(({ id }) => id === step.target.id);
  const ownerForSource = await targetForSource(source, owner, seen);
  const { pipeline, maxPauseMs } = context.moveOptions;
  const size = new BatchSize(pipeline, maxPauseMs);
  const guard = await SizeGuard.of({ source, stream: source, sourceImports: true }, context.moveOptions);
  const way: Way = { source, owner, ownerForSource, size, guard, context };
  const stuck: StuckSlot[] = [];
  let did = false;
  for (let at = 0; at < slots.length; at += slotsAtOnce) {
    if (context.signal?.aborted === true) return { ...step, slots: rangesOf(slots.slice(at)) };
    const chunk = slots.slice(at, at + slotsAtOnce);
    const importing = new Set(own.importing.map(({ slot }) => slot));
    const counts = await countKeys(source, chunk);
    const todo = chunk.filter((slot, index) => (counts[index] ?? 0) > 0 || importing.has(slot));
    if (todo.length === 0) continue;
    did = true;
    await openOnSource(source, step.target.id, todo, lines);
    const drained: number[] = [];
    for (const slot of todo) {
      const staying = await drain(way, slot);
      if (staying === undefined) drained.push(slot);
      else stuck.push(staying);
    }
    await demandAll(source, setStable(drained));
  }
  if (stuck.length > 0) throw whyLeft(way, stuck);
  return did ? 'done' : 'already';
}

/** The slots of the step that are the owner's, and do not migrate from it: it takes new keys of no others. */
function slotsToGather(step: GatherKeys, own: NodeLine, ownerLine: NodeLine | undefined): number[] {
  const owned = SlotSet.fromRanges(ownerLine?.slots ?? []);
  const migrating = new Set(ownerLine?.migrating.map(({ slot }) => slot));
  const claimed = SlotSet.fromRanges(own.slots);
  return [...SlotSet.fromRanges(step.slots)].filter(
    (slot) => owned.has(slot) && !migrating.has(slot) && !claimed.has(slot),
  );
}

/** The source has to know an owner, whoever it is: a slot of nobody is refused before anything else is looked at. */
async function openOnSource(
  source: NodeClient,
  ownerId: string,
  slots: readonly number[],
  lines: readonly NodeLine[],
): Promise<void> {
  const known = SlotSet.fromRanges(lines.find(({ id }) => id === ownerId)?.slots ?? []);
  await demandAll(
    source,
    slots.flatMap((slot): Command[] => [
      ...(known.has(slot) ? [] : [['CLUSTER', 'SETSLOT', slot, 'NODE', ownerId]]),
      ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', ownerId],
    ]),
  );
}

/** Brings over what can be; undefined when that is all. */
async function drain(way: Way, slot: number): Promise<StuckSlot | undefined> {
  const { source, size, guard, context } = way;
  /** By their bytes as text. */
  const left = new Map<string, StuckSlot['keys'][number]>();
  const patience = new Patience(context.clock);
  for (;;) {
    try {
      // Those that stay are listed again each time.
      const question = listKeys(slot, left.size + size.keys);
      const all = keysIn(await source.demand(question, { repeatable: true }));
      const keys = all.filter((key) => !left.has(key.latin1Slice())).slice(0, size.keys);
      if (keys.length === 0) return left.size === 0 ? undefined : new StuckSlot(slot, [...left.values()]);
      const { now, stays } = await guard.fit(keys);
      if (stays !== undefined) left.set(stays.key.latin1Slice(), stays);
      if (now.length === 0) continue;
      for (const key of await bring(way, slot, now)) left.set(key.latin1Slice(), { key, why: 'differs' });
      patience.renew();
    } catch (error) {
      if (!passes(error)) throw error;
      if (patience.isOver()) throw lasted(way, error, patience);
      context.emit({ type: 'retrying', node: source.address, reason: error.message });
      await patience.pause();
    }
  }
}

/** Returns those that are on the owner with another value. */
async function bring(way: Way, slot: number, keys: readonly Buffer[]): Promise<readonly Buffer[]> {
  const { context } = way;
  if ((await migrate(way, keys)) !== 'busy') {
    context.emit({ type: 'keys-moved', slot, keys: keys.length });
    return [];
  }
  const { equal, differing, missing } = await compareCopies(
    { source: way.source, target: way.owner, sourceImports: true },
    keys,
  );
  const { replace } = context.moveOptions;
  await deleteCopies(way.source, replace ? [...equal, ...differing] : equal);
  // Taken again by a client in between: the next round compares.
  if (missing.length > 0) await migrate(way, missing);
  context.emit({ type: 'keys-moved', slot, keys: equal.length + missing.length });
  return replace ? [] : differing;
}

/** When the owner has some of them already, the others have gone over, or have not. Throws Passing, or a TribError. */
async function migrate(
  { source, owner, ownerForSource, size, guard, context }: Way,
  keys: readonly Buffer[],
): Promise<Verdict> {
  const { timeoutMs } = context.moveOptions;
  const credentials = owner.acceptedCredentials;
  const command = migrateCommand({ target: ownerForSource, credentials, timeoutMs, replace: false }, keys);
  if (context.signal?.aborted !== true) await context.pace?.pass(keys.length);
  const startMs = context.clock.monotonicMs();
  const [reply = null] = await source.pipeline([command], { timeoutMs: replyTimeoutMs(timeoutMs) });
  const tookMs = context.clock.monotonicMs() - startMs;
  size.learn(keys.length, tookMs);
  guard.learn(keys.length, tookMs);
  return judgeMigrate(reply, source.address, owner.address);
}

/** What the owner holds as well, or what is not to count. */
async function deleteCopies(source: NodeClient, keys: readonly Buffer[]): Promise<void> {
  if (keys.length === 0) return;
  const commands = keys.flatMap((key): Command[] => [['ASKING'], ['DEL', key]]);
  await source.demandAll(commands, { repeatable: true });
}

/** A cluster that has just got all of its slots covered takes a moment to serve: its nodes refuse any question. */
function passes(error: unknown): error is Error {
  if (error instanceof Passing || error instanceof ConnectionLost) return true;
  return error instanceof TribError && isPassing(error.message);
}

function lasted({ source, ownerForSource }: Way, error: Error, patience: Patience): Error {
  if (error instanceof TribError) return error;
  const hint = `Can it reach ${formatAddress(ownerForSource)}? Its keys stay where they are.`;
  return cannotSend(source.address, ownerForSource, patience, error.message, hint);
}

/** Keys that differ are told first. */
function whyLeft({ source, owner }: Way, stuck: readonly StuckSlot[]): TribError {
  const differing = stuckBecause(stuck, 'differs');
  if (differing.length === 0) return whyTheyStay(source.address, stuck);
  const nodes = [owner.address, source.address] as const;
  const hint =
    "Nothing was overwritten. Delete the wrong copies, or run it again with --replace: the owner's count.";
  return differOnTwoNodes(
    source.address,
    owner.address,
    differing.map((each) => ({ ...each, nodes })),
    hint,
  );
}

/** Those that have not come for their size. */
function whyTheyStay(source: Address, stuck: readonly StuckSlot[]): TribError {
  const large = stuckBecause(stuck, 'too large');
  const stay = 'They stay where they are, and no client finds them there.';
  if (large.length > 0) return keysTooLarge(source, large, `${stay} ${raiseTimeout}, then run fix again.`);
  return keysSkipped(stuckBecause(stuck, 'skipped'), `${stay} Run fix again with ${allowMore}.`);
}
