/**
 * Owns the broken states of a slot over three masters: who claims it, who has it open towards whom, which keys lie
 * where with which values; all of them, in order. And three masters of either engine on which many slots are put
 * into such states at once, and looked at afterwards.
 */
import { keySlot, SLOT_COUNT } from '../../src/protocol/slots/key-slot.ts';
import { SlotSet } from '../../src/protocol/slots/slot-set.ts';
import { parseNodes } from '../../src/protocol/text/nodes.ts';
import { BusCut } from './bus-cut.ts';
import { type ClusterEngine, type ClusterMember, MixedCluster } from './mixed-cluster.ts';
import type { RawReply } from './raw-connection.ts';
import { until } from './servers.ts';

/** What one master says of the slot. The other end is the place of another master. */
export interface Part {
  readonly owns: boolean;
  readonly open: { readonly state: 'migrating' | 'importing'; readonly other: number } | undefined;
}

/** A key that lies on the masters of these places; with a value of its own on each, or the same on all. */
export interface Placed {
  readonly on: readonly number[];
  readonly same: boolean;
}

export interface BrokenState {
  readonly parts: readonly Part[];
  readonly keys: readonly Placed[];
}

const places = [0, 1, 2] as const;

/** What a master can say: an owner imports nothing. */
function partsOf(place: number): Part[] {
  const others = places.filter((other) => other !== place);
  const migrating = others.map((other) => ({ state: 'migrating' as const, other }));
  const importing = others.map((other) => ({ state: 'importing' as const, other }));
  return [
    ...[undefined, ...migrating].map((open) => ({ owns: true, open })),
    ...[undefined, ...migrating, ...importing].map((open) => ({ owns: false, open })),
  ];
}

const together: readonly Placed[] = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]].map((on) => ({
  on,
  same: true,
}));
const apart: readonly Placed[] = together
  .filter(({ on }) => on.length > 1)
  .map(({ on }) => ({ on, same: false }));
const [onA, onB, onC] = together as [Placed, Placed, Placed];

/** Which keys a slot holds where. */
export const placements: readonly (readonly Placed[])[] = [
  [],
  ...together.map((placed) => [placed]),
  ...apart.map((placed) => [placed]),
  [onA, onB],
  [onA, onC],
  [onB, onC],
  [onA, onB, onC],
  [onA, onA, onA, onB],
  [onB, onC, onC, onC],
  [{ on: [0, 1], same: true }, onC, onC],
  [{ on: [0, 1], same: false }, onC, onA],
  together,
  [...together, ...apart],
];

/** Every combination: 512 of claims and open states, with each placement of keys. */
export function allStates(): BrokenState[] {
  const states: BrokenState[] = [];
  for (const keys of placements) {
    for (const a of partsOf(0)) {
      for (const b of partsOf(1)) for (const c of partsOf(2)) states.push({ parts: [a, b, c], keys });
    }
  }
  return states;
}

/** As an operator would put it: "A owns, migrating to B; B imports from A | k0 on A, k1 on AB (differing)". */
export function describeState({ parts, keys }: BrokenState): string {
  const name = (place: number): string => 'ABC'[place] ?? '?';
  const said = parts.map(({ owns, open }, place) => {
    const words = [owns ? 'owns' : '', open === undefined ? '' : `${open.state} ${name(open.other)}`];
    return `${name(place)} ${words.filter((word) => word !== '').join(' ') || '-'}`;
  });
  const lies = keys.map(({ on, same }) => on.map(name).join('') + (same ? '' : '!'));
  return `${said.join('; ')} | ${lies.join(' ') || 'no keys'}`;
}

export function isConflict({ keys }: BrokenState): boolean {
  return keys.some(({ on, same }) => on.length > 1 && !same);
}

export function ownersIn({ parts }: BrokenState): number {
  return parts.filter(({ owns }) => owns).length;
}

/** What became of a slot. */
export interface Outcome {
  /** One owner, known to all, nothing open, every key on it alone. */
  readonly repaired: boolean;
  /** Keys that are on no master any more. */
  readonly lost: readonly string[];
  /** Values that are on no master any more, of keys that are. */
  readonly overwritten: readonly string[];
  /** Keys with one value that a client does not find with it. */
  readonly unserved: readonly string[];
}

const tags = new Map<number, string>();

/** Keys of a slot, by place. */
export function keyOf(slot: number, index: number): string {
  for (let n = 0; tags.size < SLOT_COUNT; n++) {
    const text = n.toString(36);
    const found = keySlot(text);
    if (!tags.has(found)) tags.set(found, text);
  }
  return `{${tags.get(slot)}}:${index}`;
}

function placedValue(index: number, { same }: Placed, place: number): string {
  return same ? `value ${index}` : `value ${index} of ${place}`;
}

export class BrokenCluster {
  readonly members: readonly ClusterMember[];
  readonly bus: BusCut;
  readonly ids: readonly string[];
  readonly #cluster: MixedCluster;

  private constructor(cluster: MixedCluster, bus: BusCut, ids: readonly string[]) {
    this.#cluster = cluster;
    this.members = cluster.members;
    this.bus = bus;
    this.ids = ids;
  }

  /** Three masters with all slots, at one and serving. */
  static async start(engine: ClusterEngine): Promise<BrokenCluster> {
    const bus = await BusCut.start(places.length);
    const cluster = await MixedCluster.start(
      places.map(() => engine),
      (index) => [
        ...['--cluster-announce-bus-port', String(bus.portOf(index)), '--cluster-node-timeout', '60000'],
        ...['--cluster-allow-replica-migration', 'no'],
      ],
    );
    try {
      const { members } = cluster;
      for (const [index, member] of members.entries()) {
        bus.leadsTo(index, member.busPort);
        await member.text('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      }
      await cluster.shareSlots(...places);
      for (const [index, member] of members.entries()) {
        for (const other of places.slice(0, index)) {
          const { port } = cluster.member(other);
          await member.text('CLUSTER', 'MEET', '127.0.0.1', port, bus.portOf(other));
        }
      }
      await cluster.untilJoined();
      await cluster.untilAgreed();
      const ids = await Promise.all(members.map((member) => member.id()));
      return new BrokenCluster(cluster, bus, ids);
    } catch (error) {
      await cluster.stop();
      await bus.stop();
      throw error;
    }
  }

  get seed(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.#cluster.member(0).port };
  }

  async stop(): Promise<void> {
    await this.bus.stop();
    await this.#cluster.stop();
  }

  /** Waits until nothing of a former repair is on its way. */
  async settle(): Promise<void> {
    this.bus.heal();
    await this.#cluster.untilAgreed();
    await this.#cluster.untilJoined();
  }

  /** Cuts the bus, and puts each slot into its state. Slots must be in order before. */
  async break(states: ReadonlyMap<number, BrokenState>): Promise<void> {
    this.bus.cut();
    await Promise.all(this.members.map((member, place) => this.#breakOn(member, place, states)));
  }

  async #breakOn(
    member: ClusterMember,
    place: number,
    states: ReadonlyMap<number, BrokenState>,
  ): Promise<void> {
    const slots = [...states.keys()];
    // Its own for a moment, so that it takes keys.
    await demand(member, [
      ['CLUSTER', 'DELSLOTS', ...slots],
      ['CLUSTER', 'ADDSLOTS', ...slots],
    ]);
    await untilServing(member);
    const commands: (string | number)[][] = [];
    for (const [slot, { keys }] of states) {
      for (const [index, placed] of keys.entries()) {
        if (placed.on.includes(place))
          commands.push(['SET', keyOf(slot, index), placedValue(index, placed, place)]);
      }
    }
    for (const [slot, { parts }] of states) {
      const { owns, open } = parts[place] as Part;
      const otherId = this.ids[open?.other ?? 0] ?? '';
      if (open?.state === 'migrating') commands.push(['CLUSTER', 'SETSLOT', slot, 'MIGRATING', otherId]);
      if (owns) continue;
      commands.push(['CLUSTER', 'DELSLOTS', slot]);
      if (open?.state !== 'importing') continue;
      commands.push(['CLUSTER', 'SETSLOT', slot, 'IMPORTING', otherId]);
      // A node that imports is deaf to the bus: half of them have been told who has the slot.
      const winner = places.findLast((other) => parts[other]?.owns === true);
      if (winner !== undefined && slot % 2 === 0)
        commands.push(['CLUSTER', 'SETSLOT', slot, 'NODE', this.ids[winner] ?? '']);
    }
    await demand(member, commands);
  }

  /** What became of each slot: asks every master for what it says and holds. */
  async inspect(states: ReadonlyMap<number, BrokenState>): Promise<Map<number, Outcome>> {
    const views = await Promise.all(this.members.map((member) => this.#viewOf(member)));
    const held = await Promise.all(this.members.map((member) => heldOn(member, states)));
    const outcomes = new Map<number, Outcome>();
    for (const [slot, { keys }] of states) {
      const claims = places.filter((place) => views[place]?.owners[slot] === this.ids[place]);
      const [owner = -1] = claims;
      const agreed = views.every(({ owners }) => owners[slot] === this.ids[owner]);
      const closed = views.every(({ open }) => !open.has(slot));
      // What the owner does not have, a client is sent to look for at the other end.
      const askedId = views[owner]?.open.get(slot);
      const asked = places.find((place) => this.ids[place] === askedId && views[place]?.open.has(slot)) ?? -1;
      const on = (place: number): ReadonlyMap<number, string> => held[place]?.get(slot) ?? new Map();
      const found = new Map<number, Set<string>>();
      for (const place of places) {
        for (const [index, value] of on(place)) found.set(index, (found.get(index) ?? new Set()).add(value));
      }
      const [lost, overwritten, unserved]: [string[], string[], string[]] = [[], [], []];
      for (const [index, placed] of keys.entries()) {
        const there = found.get(index);
        const key = keyOf(slot, index);
        if (there === undefined) lost.push(key);
        const values = new Set(placed.on.map((place) => placedValue(index, placed, place)));
        if (there !== undefined && [...values].some((value) => !there.has(value))) overwritten.push(key);
        const served = on(owner).get(index) ?? on(asked).get(index) ?? '';
        if (values.size === 1 && !values.has(served)) unserved.push(key);
      }
      const strays = places.some((place) => place !== owner && on(place).size > 0);
      outcomes.set(slot, {
        repaired: claims.length === 1 && agreed && closed && !strays && lost.length === 0,
        lost,
        overwritten,
        unserved,
      });
    }
    return outcomes;
  }

  async #viewOf(
    member: ClusterMember,
  ): Promise<{ readonly owners: readonly string[]; readonly open: ReadonlyMap<number, string> }> {
    const lines = parseNodes(await member.text('CLUSTER', 'NODES'));
    const owners: string[] = new Array(SLOT_COUNT).fill('');
    for (const { id, slots } of lines) for (const slot of SlotSet.fromRanges(slots)) owners[slot] = id;
    const own = lines.find(({ flags }) => flags.includes('myself'));
    return {
      owners,
      open: new Map(
        [...(own?.importing ?? []), ...(own?.migrating ?? [])].map(({ slot, nodeId }) => [slot, nodeId]),
      ),
    };
  }

  /** The same, when what is seen has not changed for a while: word of a repair may still go round. */
  async inspectAtRest(states: ReadonlyMap<number, BrokenState>): Promise<Map<number, Outcome>> {
    let outcomes = await this.inspect(states);
    let seen = '';
    let sinceMs = performance.now();
    await until(async () => {
      outcomes = await this.inspect(states);
      const now = JSON.stringify([...outcomes]);
      if (now !== seen) sinceMs = performance.now();
      seen = now;
      const restMs = [...outcomes.values()].every(({ repaired }) => repaired) ? 0 : 1500;
      return performance.now() - sinceMs >= restMs;
    }, 'the slots to be at rest');
    return outcomes;
  }

  /** Deletes the keys of these slots everywhere, and gives them to the first master; for the next states. */
  async clear(states: ReadonlyMap<number, BrokenState>): Promise<void> {
    this.bus.cut();
    const slots = [...states.keys()];
    for (const member of this.members) {
      const lines = parseNodes(await member.text('CLUSTER', 'NODES'));
      const bound = new SlotSet(lines.flatMap((line) => [...SlotSet.fromRanges(line.slots)]));
      const toDelete = slots.filter((slot) => bound.has(slot));
      await demand(member, [
        ...(toDelete.length === 0 ? [] : [['CLUSTER', 'DELSLOTS', ...toDelete]]),
        ['CLUSTER', 'ADDSLOTS', ...slots],
        ...slots.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'STABLE']),
      ]);
      await untilServing(member);
      await demand(
        member,
        [...states].flatMap(([slot, { keys }]) => keys.map((_, index) => ['DEL', keyOf(slot, index)])),
      );
    }
    const [first, ...others] = this.members;
    for (const member of others) {
      await demand(
        member,
        slots.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'NODE', this.ids[0] ?? '']),
      );
    }
    if (first !== undefined) await demand(first, [['CLUSTER', 'BUMPEPOCH']]);
    await this.settle();
  }
}

async function untilServing(member: ClusterMember): Promise<void> {
  await until(async () => (await member.info('cluster_state')) === 'ok', `${member.port} to serve`);
}

async function demand(
  member: ClusterMember,
  commands: readonly (readonly (string | number)[])[],
): Promise<void> {
  if (commands.length === 0) return;
  for (const reply of await member.client.pipeline(commands)) if (reply instanceof Error) throw reply;
}

/** The keys of the states that a master holds, with their values: by slot and by place in the state. */
async function heldOn(
  member: ClusterMember,
  states: ReadonlyMap<number, BrokenState>,
): Promise<Map<number, Map<number, string>>> {
  const wanted = [...states].flatMap(([slot, { keys }]) => keys.map((_, index) => ({ slot, index })));
  const answers = await member.client.pipeline(
    wanted.flatMap(({ slot, index }) => [['ASKING'], ['GET', keyOf(slot, index)]]),
  );
  const counts = await member.client.pipeline(
    [...states.keys()].map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', slot]),
  );
  const held = new Map<number, Map<number, string>>();
  for (const [at, { slot, index }] of wanted.entries()) {
    const reply: RawReply = answers[at * 2 + 1] ?? null;
    // MOVED and ASK: it has none, or may not show it; the count tells which.
    if (!Buffer.isBuffer(reply)) continue;
    const ofSlot = held.get(slot) ?? new Map<number, string>();
    ofSlot.set(index, String(reply));
    held.set(slot, ofSlot);
  }
  for (const [at, slot] of [...states.keys()].entries()) {
    const hidden = Number(counts[at]) - (held.get(slot)?.size ?? 0);
    if (hidden === 0) continue;
    // It can only be asked for what it hides when it imports the slot; for the sake of looking, it does.
    await lookBehind(member, slot, states, held);
  }
  return held;
}

/** Opens a slot on a node that hides keys of it, reads them, and closes it again. */
async function lookBehind(
  member: ClusterMember,
  slot: number,
  states: ReadonlyMap<number, BrokenState>,
  held: Map<number, Map<number, string>>,
): Promise<void> {
  const lines = parseNodes(await member.text('CLUSTER', 'NODES'));
  const other = lines.find(({ flags }) => !flags.includes('myself'))?.id ?? '';
  const keys = states.get(slot)?.keys ?? [];
  const bound = lines.some(({ slots }) => SlotSet.fromRanges(slots).has(slot));
  const replies = await member.client.pipeline([
    ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', other],
    ...(bound ? [] : [['CLUSTER', 'SETSLOT', slot, 'NODE', other]]),
    ...keys.flatMap((_, index) => [['ASKING'], ['GET', keyOf(slot, index)]]),
    ['CLUSTER', 'SETSLOT', slot, 'STABLE'],
  ]);
  const first = bound ? 1 : 2;
  const ofSlot = held.get(slot) ?? new Map<number, string>();
  for (const index of keys.keys()) {
    const reply = replies[first + index * 2 + 1];
    if (Buffer.isBuffer(reply)) ofSlot.set(index, String(reply));
  }
  held.set(slot, ofSlot);
}
