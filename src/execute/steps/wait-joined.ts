/**
 * Owns the wait until nodes that were introduced know each other: each has every other in its table, under its own
 * id, with a link to its bus port. When that does not come to pass, the error names who cannot reach which port.
 */
import { isIP } from 'node:net';
import type { NodeView } from '../../cluster/topology.ts';
import { TribError } from '../../core/errors.ts';
import type { NodeRef, WaitJoined } from '../../plan/plan.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { NodeLine } from '../../protocol/text/nodes.ts';
import { poll, type StepContext } from '../context.ts';
import { askNode } from '../survey.ts';
import { introduce } from './meet.ts';

/** A node that has no link to another, and how far it came. */
interface MissingLink {
  readonly from: NodeRef;
  readonly to: NodeRef;
  readonly why: 'unknown' | 'handshake' | 'disconnected';
}

/** Handshakes can be lost; those that have not come through by then are begun again. */
const repeatAfterMs = 1000;

export async function waitJoined(step: WaitJoined, context: StepContext): Promise<'done'> {
  let repeats = 0;
  await poll(
    context,
    async (elapsedMs) => {
      const missing = await missingLinks(step.nodes, context);
      const [example] = missing;
      if (example === undefined) return undefined;
      context.emit({ type: 'waiting', missing: missing.length, example: sentence(example) });
      if (elapsedMs > repeatAfterMs * (repeats + 1)) {
        repeats++;
        await introduce(
          missing.filter(({ why }) => why === 'unknown').map(({ from, to }) => [from, to] as const),
          context,
        );
      }
      return missing;
    },
    (missing) => cannotTalk(missing, context),
  );
  return 'done';
}

async function missingLinks(nodes: readonly NodeRef[], context: StepContext): Promise<MissingLink[]> {
  const views = await Promise.all(nodes.map(({ address }) => askNode(context.pool, address)));
  return views.flatMap((view, index) => missingIn(view, nodes[index] as NodeRef, nodes));
}

function missingIn({ lines }: NodeView, from: NodeRef, nodes: readonly NodeRef[]): MissingLink[] {
  return nodes.flatMap((to): MissingLink[] => {
    if (to.id === from.id) return [];
    const line = lines.find(({ id }) => id === to.id);
    if (line !== undefined) return line.linkState === 'connected' ? [] : [{ from, to, why: 'disconnected' }];
    const handshake = lines.some((seen) => seen.flags.includes('handshake') && isAt(seen, to));
    return [{ from, to, why: handshake ? 'handshake' : 'unknown' }];
  });
}

function isAt({ ip, port }: NodeLine, { address }: NodeRef): boolean {
  return port === address.port && (ip === address.host || isIP(address.host) === 0);
}

function sentence({ from, to, why }: MissingLink): string {
  const [a, b] = [formatAddress(from.address), formatAddress(to.address)];
  switch (why) {
    case 'unknown':
      return `${a} does not know ${b} (bus port ${to.busPort}) yet`;
    case 'handshake':
      return `${a} gets no answer to its handshake from the bus port ${to.busPort} of ${b}`;
    case 'disconnected':
      return `${a} has no link to the bus port ${to.busPort} of ${b}`;
  }
}

/** Handshakes without an answer and broken links say more than nodes that merely have not been heard of. */
function cannotTalk(missing: readonly MissingLink[], context: StepContext): TribError {
  const telling = missing.filter(({ why }) => why !== 'unknown');
  const shown = (telling.length > 0 ? telling : missing).slice(0, 10);
  const more = missing.length - shown.length;
  const lines = [...shown.map(sentence), ...(more > 0 ? [`and ${more} more`] : [])];
  const waitedSeconds = Math.round(context.joinTimeoutMs / 1000);
  return new TribError(
    'timeout',
    `The nodes have not all joined after ${waitedSeconds} s:\n  ${lines.join('\n  ')}`,
    {
      hint: 'Every node must reach the bus port of every other (usually its port + 10000): look at firewalls and at cluster-announce-ip, -port and -bus-port.',
    },
  );
}
