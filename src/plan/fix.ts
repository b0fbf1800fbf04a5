/**
 * Owns the plan that repairs slots: open, not covered, claimed by several, with keys where they do not belong. Pure.
 * fix-slot.ts judges each slot; here the judgements become steps, those that make keys reachable first, and slots
 * change hands only after nobody can lose keys by it.
 */
import { type SlotFacts, slotsInDoubt, slotsWithStrays } from '../cluster/slot-facts.ts';
import { answeringNodes, type ClusterNode, type Topology } from '../cluster/topology.ts';
import { rangesOf, SlotSet } from '../protocol/slots/slot-set.ts';
import { judge, Picture, type Verdict } from './fix-slot.ts';
import { type MoveOptions, PLAN_VERSION, type Plan, refTo, type Step } from './plan.ts';
import { shareOut } from './share-out.ts';
import { promotionsIn, refuseUnreachable } from './unreachable.ts';

export interface FixRequest {
  /** Keys that lie on masters which do not own their slots are gathered, in slots that are otherwise in order too. */
  readonly searchOwners: boolean;
  /** Masters that do not answer give way to their replicas, or else to the other masters: then their keys are lost. */
  readonly withUnreachable: boolean;
  /** Replicas cannot take over: this is known from a former round. */
  readonly withoutReplicas?: boolean;
  readonly options: MoveOptions;
  /** Slots that are left as they are. */
  readonly leave?: SlotSet;
}

/**
 * Without steps when there is nothing to repair. Throws a TribError ("unsafe") when masters with slots do not answer,
 * unless that was asked for and they are gone for the other nodes too.
 */
export function planFix(topology: Topology, facts: SlotFacts, request: FixRequest): Plan {
  const picture = new Picture(topology, facts);
  refuseUnreachable(topology, request.withUnreachable);
  const promotions = request.withoutReplicas === true ? [] : promotionsIn(topology);
  // What they hold is seen when they are masters.
  if (promotions.length > 0) return planOf(topology, promotions, request);
  const doubtful = slotsInDoubt(topology);
  const strays = slotsWithStrays(topology, facts);
  if (request.searchOwners) for (const slot of strays) doubtful.add(slot);
  for (const slot of request.leave ?? []) doubtful.delete(slot);
  const verdicts = judgeAll(picture, doubtful);
  const emptied = emptiedHolders(picture, verdicts, strays);
  const early = judgeAll(picture, straysOf(emptied, picture, strays, doubtful, request.leave));
  const steps = stepsFor([...verdicts, ...early], emptied);
  // Word of the last change may still be on its way, to replicas above all, whom nobody can tell.
  return planOf(topology, steps, request, doubtful.size > 0);
}

function planOf(topology: Topology, steps: readonly Step[], { options }: FixRequest, waits = true): Plan {
  const nodes = answeringNodes(topology).map(refTo);
  const wait: Step = { kind: 'wait-agreement', nodes, roles: false };
  return {
    version: PLAN_VERSION,
    operation: 'fix',
    seed: topology.seed,
    // Servers do not take over slots that are open.
    options: { ...options, engine: 'migrate' },
    steps: waits ? [...steps, wait] : [],
  };
}

function judgeAll(picture: Picture, slots: SlotSet): Verdict[] {
  const nobodys = [...slots].filter(
    (slot) =>
      (picture.claimants[slot] ?? []).length === 0 &&
      picture.holders(slot).length === 0 &&
      picture.reputedOwner(slot) === undefined,
  );
  const takers = takersOf(nobodys, picture);
  return [...slots].map((slot) =>
    judge(picture, slot, () => takers.get(slot) ?? (picture.masters[0] as ClusterNode)),
  );
}

/** Slots amid those of one master were its own; the others are shared out. */
function takersOf(slots: readonly number[], picture: Picture): ReadonlyMap<number, ClusterNode> {
  const takers = new Map<number, ClusterNode>();
  for (const { first, last } of rangesOf(slots)) {
    const [before] = picture.claimants[first - 1] ?? [];
    const [after] = picture.claimants[last + 1] ?? [];
    if (before === undefined || before !== after) continue;
    for (let slot = first; slot <= last; slot++) takers.set(slot, before);
  }
  const rest = slots.filter((slot) => !takers.has(slot));
  return new Map([...takers, ...shareOut(rest, picture.masters)]);
}

/**
 * Masters that would give their last slot, and hold keys of slots that are not theirs: they would become replicas, and
 * such keys would be gone. These are gathered first; their own slots go in the next round.
 */
function emptiedHolders(
  picture: Picture,
  verdicts: readonly Verdict[],
  strays: SlotSet,
): ReadonlySet<ClusterNode> {
  return new Set(
    picture.masters.filter((node) => {
      const gives = verdicts.filter(({ owner, target }) => owner === node && target !== undefined);
      const gets = verdicts.filter(({ owner, takes }) => owner === node && takes);
      const drops = verdicts.filter((verdict) => verdict.drops.includes(node));
      if (gives.length === 0 || node.slotCount + gets.length - drops.length > gives.length) return false;
      const holdsStray = [...strays].some(
        (slot) => picture.keysOn(slot, node) > 0 && picture.claimants[slot]?.[0] !== node,
      );
      return holdsStray || verdicts.some(({ gathers }) => gathers.includes(node));
    }),
  );
}

function straysOf(
  emptied: ReadonlySet<ClusterNode>,
  picture: Picture,
  strays: SlotSet,
  doubtful: SlotSet,
  leave: SlotSet | undefined,
): SlotSet {
  return new SlotSet(
    [...strays].filter(
      (slot) =>
        !doubtful.has(slot) &&
        leave?.has(slot) !== true &&
        [...emptied].some((node) => picture.keysOn(slot, node) > 0),
    ),
  );
}

function stepsFor(verdicts: readonly Verdict[], emptied: ReadonlySet<ClusterNode>): Step[] {
  const groups = new Groups();
  for (const verdict of verdicts) addSlot(groups, verdict, emptied);
  return groups.steps();
}

/** The phases of a repair, in order: what is in one phase is done side by side. */
const phases = ['close', 'drop', 'take', 'open', 'announce', 'gather', 'move', 'gather-last'] as const;

type Phase = (typeof phases)[number];

/** Steps of many slots that differ in nothing but their slots become one. */
class Groups {
  readonly #byPhase = new Map<Phase, Map<string, { readonly step: Step; readonly slots: number[] }>>();

  /** `ids` tells the step apart from others of its phase; its own slots are not looked at. */
  add(phase: Phase, slot: number, ids: readonly string[], make: () => Step): void {
    const groups = this.#byPhase.get(phase) ?? new Map();
    this.#byPhase.set(phase, groups);
    const key = ids.join();
    const group = groups.get(key) ?? { step: make(), slots: [] };
    group.slots.push(slot);
    groups.set(key, group);
  }

  steps(): Step[] {
    return phases.flatMap((phase) =>
      [...(this.#byPhase.get(phase)?.values() ?? [])].map(
        ({ step, slots }): Step =>
          'slots' in step ? { ...step, slots: rangesOf(slots.sort((a, b) => a - b)) } : step,
      ),
    );
  }
}

function addSlot(groups: Groups, verdict: Verdict, emptied: ReadonlySet<ClusterNode>): void {
  const { slot, target, closes, drops, takes, opens, gathers, strangers } = verdict;
  const owner = refTo(verdict.owner);
  const towards = target === undefined ? undefined : refTo(target);
  const slots = rangesOf([slot]);
  for (const { node, state, otherId } of closes) {
    groups.add('close', slot, [node.id, state, otherId], () => {
      return { kind: 'close-slots', node: refTo(node), state, otherId, slots };
    });
  }
  for (const node of drops) {
    groups.add('drop', slot, [node.id, owner.id, String(node === target)], () => {
      return { kind: 'drop-claim', node: refTo(node), owner, slots, opens: node === target };
    });
  }
  if (takes) {
    groups.add('take', slot, [owner.id, towards?.id ?? ''], () => {
      return { kind: 'take-slots', node: owner, slots, target: towards };
    });
  } else if (towards !== undefined && opens && !drops.some(({ id }) => id === towards.id)) {
    groups.add('open', slot, [owner.id, towards.id], () => {
      return { kind: 'open-slots', source: owner, target: towards, slots };
    });
  }
  // Before any key is moved: nodes that do not know of an owner for every slot refuse to.
  if (strangers.length > 0) {
    const nodes = strangers.map(refTo);
    groups.add('announce', slot, [owner.id, ...nodes.map(({ id }) => id)], () => {
      return { kind: 'announce-slots', owner, slots, nodes };
    });
  }
  if (towards !== undefined && emptied.has(verdict.owner)) return;
  const last = towards ?? owner;
  for (const node of gathers) {
    groups.add(towards === undefined ? 'gather' : 'gather-last', slot, [node.id, last.id], () => {
      return { kind: 'gather-keys', source: refTo(node), target: last, slots };
    });
  }
  if (towards === undefined) return;
  groups.add('move', slot, [owner.id, towards.id], () => {
    return { kind: 'move-slots', source: owner, target: towards, slots };
  });
}
