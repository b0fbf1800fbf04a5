/**
 * Owns the slot map: all 16384 slots in 16 lines, a letter for each master, so that a person sees at a glance who
 * has what, where it is in pieces, and what is missing or on its way.
 */
import {
  type ClusterNode,
  nameOfNode,
  slotHolders,
  slotOwners,
  type Topology,
} from '../../cluster/topology.ts';
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import { formatRanges } from '../../protocol/slots/slot-set.ts';
import type { Colour, Paint } from '../style.ts';

const lineCount = 16;
const cellsInLine = 64;
const slotsInCell = SLOT_COUNT / lineCount / cellsInLine;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const colours: readonly Colour[] = ['cyan', 'magenta', 'yellow', 'green', 'blue', 'red'];

const uncovered = '.';
const mixed = '+';
const open = '!';

export function slotMapLines(topology: Topology, paint: Paint): string[] {
  const masters = slotHolders(topology).sort((a, b) => firstSlot(a) - firstSlot(b));
  const signOf = new Map(masters.map(({ id }, index) => [id, letters[index % letters.length] ?? mixed]));
  const colourOf = new Map(
    masters.map(({ id }, index) => [signOf.get(id), colours[index % colours.length] ?? 'cyan']),
  );
  const owners = slotOwners(topology).map((owner) =>
    owner === undefined ? uncovered : (signOf.get(owner.id) ?? mixed),
  );
  const openSlots = new Set(
    topology.nodes.flatMap(({ migrating, importing }) =>
      [...migrating, ...importing].map(({ slot }) => slot),
    ),
  );

  const cellAt = (first: number): string => {
    const signs = new Set(owners.slice(first, first + slotsInCell));
    for (let slot = first; slot < first + slotsInCell; slot++) if (openSlots.has(slot)) return open;
    const [sign = uncovered] = signs;
    return signs.size === 1 ? sign : mixed;
  };
  const painted = (cell: string): string => {
    const colour = colourOf.get(cell) ?? (cell === uncovered || cell === open ? 'red' : undefined);
    return colour === undefined ? cell : paint(colour, cell);
  };

  const lines: string[] = [];
  for (let line = 0; line < lineCount; line++) {
    const first = line * cellsInLine * slotsInCell;
    const cells = Array.from({ length: cellsInLine }, (_, cell) =>
      painted(cellAt(first + cell * slotsInCell)),
    );
    lines.push(`${String(first).padStart(5)}  ${cells.join('')}`);
  }
  return [...lines, '', ...legend(masters, owners, openSlots, signOf, painted)];
}

function firstSlot({ slots }: ClusterNode): number {
  return slots[0]?.first ?? SLOT_COUNT;
}

function legend(
  masters: readonly ClusterNode[],
  owners: readonly string[],
  openSlots: ReadonlySet<number>,
  signOf: ReadonlyMap<string, string>,
  painted: (cell: string) => string,
): string[] {
  const lines = masters.map((node) => {
    const sign = painted(signOf.get(node.id) ?? mixed);
    return `${sign}  ${nameOfNode(node)}  ${node.slotCount} slots  ${formatRanges(node.slots)}`;
  });
  const missing = owners.filter((sign) => sign === uncovered).length;
  if (missing > 0) lines.push(`${painted(uncovered)}  ${missing} slots without a master`);
  if (openSlots.size > 0) lines.push(`${painted(open)}  ${openSlots.size} slots open`);
  lines.push(`Each sign stands for ${slotsInCell} slots; ${mixed} for slots of several masters.`);
  return lines;
}
