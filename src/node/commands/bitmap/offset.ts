/**
 * Owns the reading of bit offsets. Source: Redis bitops.c getBitOffsetFromArgument.
 */
import { error } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import type { Context } from '../../dispatch/context.ts';

export const BAD_BIT_OFFSET = error('ERR bit offset is not an integer or out of range');

/** Undefined when it is no number, negative, or beyond the longest string. */
export function parseBitOffset(context: Context, text: string): number | undefined {
  return checkOffset(context, parseInteger(text));
}

/** The same, where "#n" stands for the n-th field of `width` bits. */
export function parseFieldOffset(context: Context, text: string, width: number): number | undefined {
  if (!text.startsWith('#')) return parseBitOffset(context, text);
  const place = parseInteger(text.slice(1));
  return checkOffset(context, place === undefined ? undefined : place * width);
}

function checkOffset(context: Context, offset: number | undefined): number | undefined {
  if (offset === undefined || offset < 0) return undefined;
  if (context.client.kind === 'master') return offset;
  const limitBytes = context.node.config.number('proto-max-bulk-len');
  return Math.floor(offset / 8) < limitBytes ? offset : undefined;
}
