/** Owns the run of `trib add-node` between its flags and the operation. */
import { findMaster } from '../cluster/find-node.ts';
import { TribError } from '../core/errors.ts';
import { addNode } from '../execute/operations/add-node.ts';
import { type Endpoint, formatAddress, takeEndpoint } from '../protocol/text/addresses.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { takeSeeds } from './seeds.ts';
import type { OpenSession } from './session.ts';
import { refuseMore } from './words.ts';

export interface AddNodeFlags extends ChangeFlags {
  readonly replica: boolean;
  readonly 'master-id'?: string | undefined;
}

const usage = 'add-node NEW_HOST:PORT EXISTING_HOST:PORT [--replica] [--master-id NODE]';

export async function runAddNode(
  words: readonly string[],
  flags: AddNodeFlags,
  openSession: OpenSession,
): Promise<void> {
  const { newNode, seeds } = nodesIn(words);
  const session = await openSession([newNode, ...seeds]);
  const [seed = newNode] = seeds;
  if (session.mode === 'human') {
    const line = `>>> Adding node ${formatAddress(newNode)} to cluster ${formatAddress(seed)}`;
    session.write(`${session.paint('bold', line)}\n`);
  }
  await runChange(
    session,
    // As with redis-cli, nobody is asked: nothing that is there is touched.
    { operation: 'add-node', flags: { ...flags, yes: true }, question: 'Do you want to add this node?' },
    (options) =>
      addNode({
        ...options,
        newNode,
        seeds,
        request: (topology) => ({
          as: flags.replica ? 'replica' : 'master',
          masterId:
            flags['master-id'] === undefined ? undefined : findMaster(topology, flags['master-id']).id,
        }),
      }),
  );
}

function nodesIn(words: readonly string[]): {
  readonly newNode: Endpoint;
  readonly seeds: readonly Endpoint[];
} {
  if (words.length === 0)
    throw new TribError('usage', 'Which node is to be added?', { hint: `Usage: trib ${usage}` });
  const { endpoint: newNode, rest } = takeEndpoint(words);
  if (rest.length === 0) {
    throw new TribError('usage', 'To which cluster? Name one of its nodes behind the new one.', {
      hint: `Usage: trib ${usage}`,
    });
  }
  const { seeds, rest: more } = takeSeeds(rest);
  refuseMore(more, usage);
  return { newNode, seeds };
}
