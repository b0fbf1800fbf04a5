/**
 * Owns the limit on the length of a string. Source: Redis t_string.c checkStringLength.
 */
import { STRING_TOO_LONG } from '../../command/errors.ts';
import type { Context } from '../../dispatch/context.ts';

/** The error reply when a string of so many bytes may not be made; a master's stream may make any. */
export function lengthError(context: Context, lengthBytes: number): string | undefined {
  if (context.client.kind === 'master') return undefined;
  return lengthBytes > context.node.config.number('proto-max-bulk-len') ? STRING_TOO_LONG : undefined;
}
