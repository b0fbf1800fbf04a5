/**
 * Owns CLUSTER's subcommands that give slots to nodes. Source: Redis 7.0 cluster.c clusterCommand.
 */
import { error, OK } from '../../../protocol/resp/encode.ts';
import { SLOT_COUNT } from '../../../protocol/slots/key-slot.ts';
import {
  changeSlots,
  checkSlots,
  flushSlots,
  setImporting,
  setMigrating,
  setOwner,
  setStable,
} from '../../bus/operator.ts';
import { parseInteger } from '../../command/arguments.ts';
import { wrongArity } from '../../command/errors.ts';
import type { CommandRow } from '../../command/row.ts';
import type { Cluster } from '../../parts/cluster.ts';
import { CHANGES, subcommand } from './row.ts';

const BAD_SLOT = error('ERR Invalid or out of range slot');

function parseSlot(text: string): number | undefined {
  const slot = parseInteger(text);
  return slot !== undefined && slot >= 0 && slot < SLOT_COUNT ? slot : undefined;
}

function changeListed(cluster: Cluster, words: readonly string[], adding: boolean): string {
  const { core } = cluster.machine;
  const slots: number[] = [];
  for (const word of words) {
    const slot = parseSlot(word);
    if (slot === undefined) return BAD_SLOT;
    slots.push(slot);
  }
  const refusal = checkSlots(core, slots, new Set(), adding);
  if (refusal !== undefined) return error(refusal);
  changeSlots(core, slots, adding);
  return OK;
}

function changeRanges(cluster: Cluster, words: readonly string[], adding: boolean): string {
  const { core } = cluster.machine;
  const seen = new Set<number>();
  for (let index = 0; index < words.length; index += 2) {
    const first = parseSlot(words[index] as string);
    const last = parseSlot(words[index + 1] as string);
    if (first === undefined || last === undefined) return BAD_SLOT;
    if (first > last) return error(`ERR start slot number ${first} is greater than end slot number ${last}`);
    const range = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
    const refusal = checkSlots(core, range, seen, adding);
    if (refusal !== undefined) return error(refusal);
  }
  changeSlots(core, seen, adding);
  return OK;
}

const slotActions: ReadonlyMap<string, typeof setOwner> = new Map([
  ['migrating', setMigrating],
  ['importing', setImporting],
  ['node', setOwner],
]);

function setSlot({ machine: { core } }: Cluster, argv: readonly string[]): string {
  if (core.state.myself.isReplica) return error('ERR Please use SETSLOT only with masters.');
  const slot = parseSlot(argv[2] as string);
  if (slot === undefined) return BAD_SLOT;
  const action = (argv[3] as string).toLowerCase();
  const nodeId = argv[4];
  if (action === 'stable' && argv.length === 4) {
    setStable(core, slot);
    return OK;
  }
  const change = slotActions.get(action);
  if (change === undefined || nodeId === undefined || argv.length !== 5)
    return error('ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP');
  const refusal = change(core, slot, nodeId);
  return refusal === undefined ? OK : error(refusal);
}

const perSlot = 'O(N) where N is the total number of hash slot arguments';
const perRange =
  'O(N) where N is the total number of the slots between the start slot and end slot arguments.';

export const slotRows: readonly CommandRow[] = [
  subcommand(
    'addslots',
    -3,
    CHANGES,
    { summary: 'Assign new hash slots to receiving node', complexity: perSlot },
    (cluster, _context, argv) => changeListed(cluster, argv.slice(2), true),
  ),
  subcommand(
    'addslotsrange',
    -4,
    CHANGES,
    { summary: 'Assign new hash slots to receiving node', complexity: perRange, since: '7.0.0' },
    (cluster, _context, argv) =>
      argv.length % 2 === 1
        ? wrongArity('cluster|addslotsrange')
        : changeRanges(cluster, argv.slice(2), true),
  ),
  subcommand(
    'delslots',
    -3,
    CHANGES,
    { summary: 'Set hash slots as unbound in receiving node', complexity: perSlot },
    (cluster, _context, argv) => changeListed(cluster, argv.slice(2), false),
  ),
  subcommand(
    'delslotsrange',
    -4,
    CHANGES,
    { summary: 'Set hash slots as unbound in receiving node', complexity: perRange, since: '7.0.0' },
    (cluster, _context, argv) =>
      argv.length % 2 === 1
        ? wrongArity('cluster|delslotsrange')
        : changeRanges(cluster, argv.slice(2), false),
  ),
  subcommand(
    'flushslots',
    2,
    CHANGES,
    { summary: "Delete a node's own slots information" },
    ({ machine }, { node }) => {
      if (node.databases[0]?.size !== 0) return error('ERR DB must be empty to perform CLUSTER FLUSHSLOTS.');
      flushSlots(machine.core);
      return OK;
    },
  ),
  subcommand(
    'setslot',
    -4,
    CHANGES,
    { summary: 'Bind a hash slot to a specific node' },
    (cluster, _context, argv) => setSlot(cluster, argv),
  ),
];
