/**
 * Owns the asking of the nodes of a layout: which of them are one cluster, which are alone, and which do not answer.
 * Changes nothing.
 */
import type { ClientPool } from '../client/pool.ts';
import type { Layout } from '../cluster/layout.ts';
import { isSettled, mergeViews } from '../cluster/merge.ts';
import type { NodeView, Silence } from '../cluster/topology.ts';
import { messageOf, TribError } from '../core/errors.ts';
import type { Newcomer } from '../plan/add-node.ts';
import type { Found } from '../plan/layout-roster.ts';
import { type Address, formatAddress, sameAddress } from '../protocol/text/addresses.ts';
import { librariesOf } from './steps/copy-functions.ts';
import { askNode, survey } from './survey.ts';

/** Throws a TribError: "unsafe" when they are of several clusters, "usage" when one has two addresses, and others. */
export async function surveyLayout(pool: ClientPool, { nodes }: Layout): Promise<Found> {
  const answers = await Promise.all(nodes.map(({ address }) => ask(pool, address)));
  const views = answers.filter((answer) => 'id' in answer);
  const silences = answers.filter((answer) => 'reason' in answer);
  refuseSameNode(views);
  const groups = groupsOf(views);
  const serving = groups.filter((group) => group.some(hasSlots));
  refuseSeveral(serving);
  const members = serving[0] ?? [];
  const cluster =
    members.length === 0
      ? undefined
      : await survey(
          pool,
          members.map(({ address }) => address),
          { settings: true },
        );
  const newcomers = await Promise.all(
    views
      .filter(({ id }) => cluster?.nodes.some((node) => node.id === id) !== true)
      .map((view) => newcomerOf(pool, view)),
  );
  const ids = new Map(views.map(({ address, id }) => [formatAddress(address), id]));
  const away: Silence[] = [];
  for (const silence of silences) {
    const known = cluster?.nodes.find(({ address, ip, hostname }) =>
      [address.host, ip, hostname].some((host) => sameAddress({ host, port: address.port }, silence.address)),
    );
    if (known === undefined) away.push(silence);
    else ids.set(formatAddress(silence.address), known.id);
  }
  return { cluster, newcomers, silences: away, ids };
}

async function ask(pool: ClientPool, { host, port }: Address): Promise<NodeView | Silence> {
  const address = { host, port };
  try {
    return await askNode(pool, address);
  } catch (error) {
    const passes = error instanceof TribError && (error.code === 'connect' || error.code === 'timeout');
    if (!passes) throw error;
    return { address, reason: messageOf(error) };
  }
}

async function newcomerOf(pool: ClientPool, view: NodeView): Promise<Newcomer> {
  const node = mergeViews(view.address, [view]).nodes.find(({ id }) => id === view.id);
  if (node === undefined)
    throw new TribError('failed', `${formatAddress(view.address)} does not name itself.`);
  return { node, libraries: (await librariesOf(pool.at(view.address))).size };
}

/** Its own, or those of masters that it knows. */
function hasSlots({ lines }: NodeView): boolean {
  return lines.some(({ slots }) => slots.length > 0);
}

/** Views of which one knows the other, directly or through a third. */
function groupsOf(views: readonly NodeView[]): NodeView[][] {
  const groups: NodeView[][] = [];
  for (const view of views) {
    const near = groups.filter((group) => group.some((other) => knows(view, other) || knows(other, view)));
    for (const group of near) groups.splice(groups.indexOf(group), 1);
    groups.push([...near.flat(), view]);
  }
  return groups;
}

/** Also through nodes that are not of the layout: two that know the same third are of one cluster. */
function knows(view: NodeView, other: NodeView): boolean {
  const ids = new Set(other.lines.filter(isSettled).map(({ id }) => id));
  return view.lines.some((line) => isSettled(line) && ids.has(line.id));
}

function refuseSameNode(views: readonly NodeView[]): void {
  for (const view of views) {
    const twin = views.find((other) => other !== view && other.id === view.id);
    if (twin === undefined) continue;
    const [a, b] = [view, twin].map(({ address }) => formatAddress(address));
    throw new TribError('usage', `${a} and ${b} are one and the same node.`);
  }
}

function refuseSeveral(serving: readonly (readonly NodeView[])[]): void {
  const [one, other] = serving.map((group) => group.find(hasSlots));
  if (one === undefined || other === undefined) return;
  const [a, b] = [one, other].map(({ address }) => formatAddress(address));
  throw new TribError(
    'unsafe',
    `The nodes of the file are of several clusters: ${a} is of one, ${b} of another.`,
    {
      hint: 'Clusters are not put together: take the nodes of one out of the file. (A create that was cut short is finished by trib resume.)',
    },
  );
}
