/** Owns the operation that sends one command to every node and shows what each replies. */
import { isUtf8 } from 'node:buffer';
import { type Command, type Reply, ReplyError } from '../../client/command.ts';
import type { ClientPool } from '../../client/pool.ts';
import type { ClusterNode } from '../../cluster/topology.ts';
import { delay } from '../../core/clock.ts';
import { messageOf, TribError } from '../../core/errors.ts';
import { escapeBytes } from '../../core/escape.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import { channel } from '../channel.ts';
import type { TribEvent } from '../events.ts';
import { surveySeed } from '../survey.ts';
import type { LookOptions } from './check.ts';
import { withTools } from './options.ts';

export interface CallOptions extends LookOptions {
  readonly command: Command;
  readonly only: 'masters' | 'replicas' | 'all';
  /** How long a node may take to reply. */
  readonly timeoutMs?: number;
}

/** Replies come in the order of the nodes; those that take longer than this come as they come. */
const orderedMs = 200;

type Replied = TribEvent & { readonly type: 'replied' };

/**
 * Ends with a "finished" event, `ok` when no node failed or replied an error. The nodes are those that the seed knows:
 * one that hangs must not keep the others from the command, so they are not asked first.
 */
export function call(options: CallOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* ({ pool, clock }) {
    const startMs = clock.monotonicMs();
    const { nodes } = await surveySeed(pool, options.seeds);
    const wanted = nodes.filter(({ role }) => options.only === 'all' || options.only === `${role}s`);
    const ok = yield* channel<TribEvent, boolean>(async (emit) => {
      const replies = new Map<number, Replied>();
      let shown = 0;
      let inOrder = true;
      const show = (): void => {
        for (const [index, reply] of [...replies].sort(([a], [b]) => a - b)) {
          if (inOrder && index !== shown) return;
          replies.delete(index);
          shown++;
          emit(reply);
        }
      };
      const asking = wanted.map(async (node, index) => {
        const reply = await ask(pool, node, options);
        replies.set(index, reply);
        show();
        return reply.ok;
      });
      const all = Promise.all(asking);
      await Promise.race([all, delay(clock, orderedMs)]);
      inOrder = false;
      show();
      return (await all).every(Boolean);
    });
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    yield { type: 'finished', operation: 'call', outcome: 'done', ok, slots: 0, keys: 0, tookMs };
  });
}

async function ask(
  pool: ClientPool,
  { address }: ClusterNode,
  { command, timeoutMs }: CallOptions,
): Promise<Replied> {
  if (address.host === '' || address.port === 0) return failed(address, 'Its address is not known.');
  try {
    const bound = timeoutMs === undefined ? {} : { timeoutMs };
    const [reply = null] = await pool.at(address).pipeline([command], bound);
    return { type: 'replied', node: address, ok: !(reply instanceof ReplyError), reply: plain(reply) };
  } catch (error) {
    if (!(error instanceof TribError)) throw error;
    return failed(address, messageOf(error));
  }
}

function failed(node: Address, reason: string): Replied {
  return { type: 'replied', node, ok: false, reply: `Failed! ${reason}` };
}

/** A reply as plain data: bytes as text where they are text, with escapes where not. */
function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return isUtf8(reply) ? reply.toString() : escapeBytes(reply);
  if (reply instanceof Error) return reply.message;
  return Array.isArray(reply) ? reply.map(plain) : reply;
}
