/** Owns CLIENT PAUSE and UNPAUSE. Source: Redis networking.c clientCommand, timeout.c getTimeoutFromObjectOrReply. */
import { error, OK } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { unknownSubcommand } from '../../command/errors.ts';
import type { Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

export function pause(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 4) return unknownSubcommand('CLIENT', argv[1] as string);
  const mode = argv[3]?.toLowerCase() ?? 'all';
  if (mode !== 'write' && mode !== 'all') return error('ERR CLIENT PAUSE mode must be WRITE or ALL');
  const timeoutMs = parseInteger(argv[2] as string);
  if (timeoutMs === undefined) return error('ERR timeout is not an integer or out of range');
  if (timeoutMs < 0) return error('ERR timeout is negative');
  const untilMs = context.nowMs + timeoutMs;
  // Redis's sum of these would begin again at the smallest number: a time that is long over.
  if (untilMs < 2 ** 63) context.node.dispatch.pause('client', mode, untilMs);
  return OK;
}

export function unpause(context: Context): Reply {
  context.node.dispatch.unpause('client');
  return OK;
}
