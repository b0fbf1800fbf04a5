/** Owns the server outside the cluster from which keys are imported: the connections to it, and what it is and holds. */
import { ReplyError, refusal } from '../../../client/command.ts';
import { ClientPool } from '../../../client/pool.ts';
import { TribError } from '../../../core/errors.ts';
import { type Address, type Credentials, formatAddress } from '../../../protocol/text/addresses.ts';
import { parseInfo } from '../../../protocol/text/info.ts';

export interface SourceContents {
  /** In database 0. */
  readonly keys: number;
  /** Databases that a cluster does not have, and the keys in them. */
  readonly others: readonly { readonly db: number; readonly keys: number }[];
}

/** Connections with the source's own password: it belongs to another owner than the cluster's. To be closed. */
export function poolOfSource(pool: ClientPool, credentials: Credentials | undefined): ClientPool {
  return new ClientPool({ ...pool.options, credentials }, pool.clock);
}

/** Throws a TribError: "usage" when the source is a node of a cluster, and what it meets otherwise. */
export async function inspectSource(pool: ClientPool, source: Address): Promise<SourceContents> {
  const command = ['INFO'];
  const [reply] = await pool.at(source).pipeline([command], { repeatable: true });
  if (reply instanceof ReplyError) {
    if (reply.code !== 'NOAUTH') throw refusal(source, command, reply);
    throw new TribError('auth', `${formatAddress(source)} refused INFO: ${reply.message}`, {
      hint: 'Give the password of the source with --from-pass, --from-askpass or TRIB_FROM_AUTH.',
    });
  }
  const info = parseInfo(String(reply));
  if (info.get('cluster_enabled') === '1') {
    throw new TribError('usage', '[ERR] The source node should not be a cluster node.', {
      hint: 'To bring a cluster into another, save it (trib backup) and restore it there (trib restore).',
    });
  }
  const databases = [...info].flatMap(([name, value]) => {
    const db = /^db(\d+)$/.exec(name)?.[1];
    const keys = Number(/\bkeys=(\d+)/.exec(value)?.[1] ?? 0);
    return db === undefined || keys === 0 ? [] : [{ db: Number(db), keys }];
  });
  return {
    keys: databases.find(({ db }) => db === 0)?.keys ?? 0,
    others: databases.filter(({ db }) => db !== 0),
  };
}
