/** Owns the look at a node that is to be taken into a cluster: what it holds, and whom it knows. Changes nothing. */
import type { ClientPool } from '../client/pool.ts';
import { TribError } from '../core/errors.ts';
import type { Newcomer } from '../plan/add-node.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import { librariesOf } from './steps/copy-functions.ts';
import { surveyEach } from './survey.ts';

/** Throws a TribError when it does not answer or is no cluster node. */
export async function lookAtNewcomer(pool: ClientPool, { host, port }: Address): Promise<Newcomer> {
  const address = { host, port };
  const { nodes } = await surveyEach(pool, [address]);
  const node = nodes.find(({ view }) => view !== undefined);
  if (node === undefined) throw new TribError('failed', `${formatAddress(address)} does not name itself.`);
  return { node, libraries: (await librariesOf(pool.at(address))).size };
}
