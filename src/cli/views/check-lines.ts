/**
 * Owns the lines of a check, word for word as redis-cli writes them where it writes the same; further findings come
 * after them. Source: redis-cli.c clusterManagerCheckCluster.
 */
import type { Finding, FindingKind, Severity } from '../../cluster/health.ts';
import { inOrder, nameOfNode, type Topology } from '../../cluster/topology.ts';
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { OpenSlot } from '../../protocol/text/nodes.ts';
import type { Colour, Paint } from '../style.ts';
import { nodeLines } from './node-lines.ts';

const label: Readonly<Record<Severity, { readonly word: string; readonly colour: Colour }>> = {
  error: { word: '[ERR]', colour: 'red' },
  warning: { word: '[WARNING]', colour: 'yellow' },
  note: { word: '[NOTE]', colour: 'cyan' },
};

/** Said in a place of their own. */
const toldElsewhere: readonly FindingKind[] = ['open-slots'];

export function checkLines(
  topology: Topology,
  findings: readonly Finding[],
  paint: Paint,
  tellsNodes = true,
): string[] {
  const has = (kind: FindingKind): boolean => findings.some((finding) => finding.kind === kind);
  const reachable = inOrder(topology).filter(({ view }) => view !== undefined);
  return [
    paint('bold', `>>> Performing Cluster Check (using node ${formatAddress(topology.seed)})`),
    ...(tellsNodes ? reachable.flatMap((node) => nodeLines(node, topology)) : []),
    has('disagreement')
      ? paint('red', "[ERR] Nodes don't agree about configuration!")
      : paint('green', '[OK] All nodes agree about slots configuration.'),
    paint('bold', '>>> Check for open slots...'),
    ...openSlotLines(topology, paint),
    paint('bold', '>>> Check slots coverage...'),
    has('uncovered-slots')
      ? paint('red', `[ERR] Not all ${SLOT_COUNT} slots are covered by nodes.`)
      : paint('green', `[OK] All ${SLOT_COUNT} slots covered.`),
    ...findings
      .filter(({ kind }) => !toldElsewhere.includes(kind))
      .map(({ severity, message }) => paint(label[severity].colour, `${label[severity].word} ${message}`)),
  ];
}

function openSlotLines(topology: Topology, paint: Paint): string[] {
  const lines: string[] = [];
  const open = new Set<number>();
  for (const node of inOrder(topology)) {
    for (const [state, slots] of [
      ['migrating', node.migrating],
      ['importing', node.importing],
    ] as const) {
      if (slots.length === 0) continue;
      lines.push(`[WARNING] Node ${nameOfNode(node)} has slots in ${state} state ${numbers(slots)}.`);
      for (const { slot } of slots) open.add(slot);
    }
  }
  if (open.size > 0) {
    lines.push(`[WARNING] The following slots are open: ${[...open].sort((a, b) => a - b).join(',')}.`);
  }
  return lines.map((line) => paint('yellow', line));
}

function numbers(slots: readonly OpenSlot[]): string {
  return slots.map(({ slot }) => slot).join(',');
}
