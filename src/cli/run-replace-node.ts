/** Owns the run of `trib replace-node` between its flags and the operation. */
import { findNode } from '../cluster/find-node.ts';
import { TribError } from '../core/errors.ts';
import { replaceNode } from '../execute/operations/replace-node.ts';
import { takeEndpoint } from '../protocol/text/addresses.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { takeSeeds } from './seeds.ts';
import type { OpenSession } from './session.ts';
import { refuseMore } from './words.ts';

const usage = 'replace-node HOST:PORT OLD_NODE NEW_HOST:PORT';

export async function runReplaceNode(
  words: readonly string[],
  flags: ChangeFlags,
  openSession: OpenSession,
): Promise<void> {
  const { seeds, rest } = takeSeeds(words);
  const [old, ...newWords] = rest;
  if (old === undefined || newWords.length === 0) {
    throw new TribError('usage', 'Name the node that leaves, and then the new one.', {
      hint: `Usage: trib ${usage}`,
    });
  }
  const { endpoint: newNode, rest: more } = takeEndpoint(newWords);
  refuseMore(more, usage);
  await runChange(
    await openSession([...seeds, newNode]),
    { operation: 'replace-node', flags, question: 'Do you want to replace this node?' },
    (options) =>
      replaceNode({
        ...options,
        seeds,
        newNode,
        oldId: (topology) => findNode(topology, old).id,
      }),
  );
}
