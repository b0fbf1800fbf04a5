/**
 * Owns the run of `trib reshard` between its flags and the operation. What the flags leave open is asked for, in
 * redis-cli's order and words where a script answers through a pipe.
 */
import { findMaster } from '../cluster/find-node.ts';
import { type ClusterNode, inOrder, nameOfNode, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { reshard } from '../execute/operations/reshard.ts';
import type { ReshardRequest } from '../plan/reshard.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { Asker, type Choice } from './ask.ts';
import { type MoveFlags, moveOptionsOf } from './move-flags.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { seedsOf } from './seeds.ts';
import type { OpenSession } from './session.ts';

export interface ReshardFlags extends ChangeFlags, MoveFlags {
  readonly from?: readonly string[] | undefined;
  readonly to?: string | undefined;
  readonly slots?: number | undefined;
}

export async function runReshard(
  words: readonly string[],
  flags: ReshardFlags,
  openSession: OpenSession,
): Promise<void> {
  const seeds = seedsOf(words);
  const session = await openSession(seeds);
  const asker = new Asker(session);
  await runChange(
    session,
    {
      operation: 'reshard',
      asker,
      flags,
      question: 'Do you want to proceed with the proposed reshard plan?',
    },
    (options) => reshard({ ...options, seeds, request: (topology) => complete(topology, flags, asker) }),
  );
}

/** The request of the flags, with what they leave open asked for. */
async function complete(topology: Topology, flags: ReshardFlags, asker: Asker): Promise<ReshardRequest> {
  const slots = flags.slots ?? (await askForSlots(asker));
  const target =
    flags.to === undefined ? await askForTarget(topology, asker) : findMaster(topology, flags.to);
  const sourceIds =
    flags.from === undefined ? await askForSources(topology, target, asker) : sourcesOf(topology, flags.from);
  return {
    slots,
    targetId: target.id,
    sourceIds,
    options: moveOptionsOf(flags),
  };
}

function sourcesOf(topology: Topology, words: readonly string[]): string[] | 'all' {
  const named = words.map((word) => word.trim()).filter((word) => word !== '');
  if (named.includes('all')) return 'all';
  return named.map((word) => findMaster(topology, word).id);
}

async function askForSlots(asker: Asker): Promise<number> {
  const question = `How many slots do you want to move (from 1 to ${SLOT_COUNT})? `;
  const problemWith = (text: string): string | undefined =>
    /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= SLOT_COUNT
      ? undefined
      : `A number from 1 to ${SLOT_COUNT}.`;
  if (asker.onTerminal) return Number(await asker.text(question.trim(), problemWith));
  const line = await asker.line(question, '--slots');
  if (problemWith(line) !== undefined) {
    throw new TribError('usage', `The number of slots to move is from 1 to ${SLOT_COUNT}, not "${line}".`);
  }
  return Number(line);
}

async function askForTarget(topology: Topology, asker: Asker): Promise<ClusterNode> {
  const question = 'What is the receiving node ID? ';
  const word = asker.onTerminal
    ? await asker.one(
        'Which master receives them?',
        inOrder(topology)
          .filter(({ role }) => role === 'master')
          .map(choice),
      )
    : await asker.line(question, '--to');
  return findMaster(topology, word);
}

async function askForSources(
  topology: Topology,
  target: ClusterNode,
  asker: Asker,
): Promise<string[] | 'all'> {
  if (asker.onTerminal) {
    const others = inOrder(topology).filter(
      ({ id, role, slotCount }) => role === 'master' && id !== target.id && slotCount > 0,
    );
    return asker.some('Which masters give them?', others.map(choice));
  }
  const words: string[] = [];
  const introduction = [
    'Please enter all the source node IDs.',
    "  Type 'all' to use all the nodes as source nodes for the hash slots.",
    "  Type 'done' once you entered all the source nodes IDs.",
    '',
  ].join('\n');
  for (;;) {
    const question = `${words.length === 0 ? introduction : ''}Source node #${words.length + 1}: `;
    const word = await asker.line(question, '--from');
    if (word === 'done') return sourcesOf(topology, words);
    if (word === 'all') return 'all';
    findMaster(topology, word);
    words.push(word);
  }
}

function choice(node: ClusterNode): Choice {
  return { name: `${nameOfNode(node)}  ${node.slotCount} slots  ${node.id}`, value: node.id };
}
