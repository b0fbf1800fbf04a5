/**
 * Owns the introduction of nodes to each other by CLUSTER MEET. In a small cluster every pair is introduced, which
 * spares the rounds of gossip; in a large one each node meets those 1, 2, 4, ... places before it, and gossip does
 * the rest.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Command } from '../../client/command.ts';
import { messageOf, TribError } from '../../core/errors.ts';
import type { Meet, NodeRef } from '../../plan/plan.ts';
import type { StepContext } from '../context.ts';

const mostNodesInPairs = 16;

export async function meet({ nodes }: Meet, context: StepContext): Promise<'done'> {
  const pairs: [NodeRef, NodeRef][] = [];
  for (const [index, node] of nodes.entries()) {
    for (let back = 1; back <= index; back = nodes.length <= mostNodesInPairs ? back + 1 : back * 2) {
      pairs.push([node, nodes[index - back] as NodeRef]);
    }
  }
  await introduce(pairs, context);
  return 'done';
}

/** Lets the first node of each pair meet the second. Meeting a node that is known already does no harm. */
export async function introduce(
  pairs: readonly (readonly [NodeRef, NodeRef])[],
  context: StepContext,
): Promise<void> {
  const byNode = new Map<NodeRef, Command[]>();
  for (const [node, other] of pairs) {
    const commands = byNode.get(node) ?? [];
    commands.push(await meetCommand(other));
    byNode.set(node, commands);
  }
  await Promise.all(
    [...byNode].map(([node, commands]) =>
      Promise.all(
        commands.map((command) => context.pool.at(node.address).demand(command, { repeatable: true })),
      ),
    ),
  );
}

async function meetCommand({ address, busPort }: NodeRef): Promise<Command> {
  const ip = await ipOf(address.host);
  const usual = busPort === 0 || busPort === address.port + 10_000;
  return ['CLUSTER', 'MEET', ip, address.port, ...(usual ? [] : [busPort])];
}

/** CLUSTER MEET takes no names. Throws a TribError ("connect") when the name is not known. */
async function ipOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new TribError('connect', `The host name ${host} has no address: ${messageOf(error)}.`);
  }
}
