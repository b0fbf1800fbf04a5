/** Owns the commands that ask once and show: info, nodes, slots. */
import type { Topology } from '../cluster/topology.ts';
import { mastersOf, slotOwners } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { look } from '../execute/operations/check.ts';
import { formatRanges, rangesOf } from '../protocol/slots/slot-set.ts';
import { seedsOf } from './seeds.ts';
import type { OpenSession, Session } from './session.ts';
import { eventLine, topologyData } from './views/data.ts';
import { clusterInfoLines } from './views/node-lines.ts';
import { nodeTable } from './views/node-table.ts';
import { slotMapLines } from './views/slot-map.ts';
import { renderTable } from './views/table.ts';

/** What is shown: the text for people, and what --json prints. */
interface Picture {
  readonly text: (topology: Topology, session: Session) => string | Promise<string>;
  readonly data: (topology: Topology) => unknown;
}

const pictures = {
  info: {
    text: (topology, { paint }) => lines(clusterInfoLines(topology, paint)),
    data: infoData,
  },
  nodes: {
    text: (topology, session) => renderTable(nodeTable(topology), session),
    data: (topology) => ({ nodes: topologyData(topology) }),
  },
  slots: {
    text: (topology, { paint }) => lines(slotMapLines(topology, paint)),
    data: slotsData,
  },
} satisfies Record<string, Picture>;

export async function runLook(
  what: keyof typeof pictures,
  words: readonly string[],
  openSession: OpenSession,
): Promise<void> {
  const seeds = seedsOf(words);
  const session = await openSession(seeds);
  const picture: Picture = pictures[what];
  for await (const event of look({ seeds, credentials: session.credentials, tls: session.tls })) {
    if (event.type !== 'surveyed') throw new TribError('failed', 'The cluster was not surveyed.');
    if (session.mode === 'events') session.write(`${eventLine(event)}\n`);
    else if (session.mode === 'json')
      session.write(`${JSON.stringify(picture.data(event.topology), undefined, 2)}\n`);
    else session.write(await picture.text(event.topology, session));
  }
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`;
}

function infoData(topology: Topology): unknown {
  const masters = topologyData({ ...topology, nodes: mastersOf(topology) });
  const keys = mastersOf(topology).reduce((sum, { view }) => sum + (view?.keyCount ?? 0), 0);
  return { keys, masters };
}

function slotsData(topology: Topology): unknown {
  const owners = slotOwners(topology);
  const uncovered = owners.flatMap((owner, slot) => (owner === undefined ? [slot] : []));
  const open = topology.nodes.flatMap(({ id, migrating, importing }) => [
    ...migrating.map(({ slot, nodeId }) => ({ slot, state: 'migrating', on: id, other: nodeId })),
    ...importing.map(({ slot, nodeId }) => ({ slot, state: 'importing', on: id, other: nodeId })),
  ]);
  return {
    masters: mastersOf(topology).map(({ id, address, slots, slotCount }) => ({
      id,
      host: address.host,
      port: address.port,
      slots: formatRanges(slots, ','),
      slotCount,
    })),
    uncovered: formatRanges(rangesOf(uncovered), ','),
    open,
  };
}
