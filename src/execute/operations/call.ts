/** Owns the operation that sends one command to every node and shows what each replies. */
import { isUtf8 } from 'node:buffer';
import { type Command, type Reply, ReplyError } from '../../client/command.ts';
import { messageOf, TribError } from '../../core/errors.ts';
import { escapeBytes } from '../../core/escape.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey } from '../survey.ts';
import type { LookOptions } from './check.ts';
import { withTools } from './options.ts';

export interface CallOptions extends LookOptions {
  readonly command: Command;
  readonly only: 'masters' | 'replicas' | 'all';
}

/** Ends with a "finished" event, `ok` when no node failed or replied an error. */
export function call(options: CallOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* ({ pool, clock }) {
    const startMs = clock.monotonicMs();
    const topology = await survey(pool, options.seeds);
    const wanted = topology.nodes.filter(({ role }) => options.only === 'all' || options.only === `${role}s`);
    const replies = wanted.map(async (node): Promise<TribEvent> => {
      if (node.silence !== undefined) return failed(node.address, node.silence);
      try {
        const [reply = null] = await pool.at(node.address).pipeline([options.command]);
        return {
          type: 'replied',
          node: node.address,
          ok: !(reply instanceof ReplyError),
          reply: plain(reply),
        };
      } catch (error) {
        if (!(error instanceof TribError)) throw error;
        return failed(node.address, messageOf(error));
      }
    });
    let ok = true;
    for (const reply of replies) {
      const event = await reply;
      if (event.type === 'replied' && !event.ok) ok = false;
      yield event;
    }
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    yield { type: 'finished', operation: 'call', outcome: 'done', ok, slots: 0, keys: 0, tookMs };
  });
}

function failed(node: Address, reason: string): TribEvent {
  return { type: 'replied', node, ok: false, reply: `Failed! ${reason}` };
}

/** A reply as plain data: bytes as text where they are text, with escapes where not. */
function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return isUtf8(reply) ? reply.toString() : escapeBytes(reply);
  if (reply instanceof Error) return reply.message;
  return Array.isArray(reply) ? reply.map(plain) : reply;
}
