/**
 * Owns the options of XADD and XTRIM: how to trim, and for XADD which id. What went by approximation is told to replicas as the
 * exact trimming that it was. Source: Redis t_stream.c streamParseAddOrTrimArgsOrReply, streamRewriteTrimArgument.
 */
import { error } from '../../../protocol/resp/encode.ts';
import { idText, parseId, type StreamId, type Uint64 } from '../../../protocol/text/stream-id.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Stream, Trim } from '../../types/stream/stream.ts';
import { INVALID_ID, parseStrictId } from './arguments.ts';

const BOTH_STRATEGIES = error(
  'ERR syntax error, MAXLEN and MINID options at the same time are not compatible',
);
const NEGATIVE_LENGTH = error('ERR The MAXLEN argument must be >= 0.');
const NEGATIVE_LIMIT = error('ERR The LIMIT argument must be >= 0.');
const LIMIT_ALONE = error('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy');
const LIMIT_OF_EXACT = error('ERR syntax error, LIMIT cannot be used without the special ~ option');
const NO_STRATEGY = error('ERR syntax error, XTRIM must be called with a trimming strategy');

/** Unless LIMIT says otherwise, approximate trimming takes so many nodes at most, and so many entries. */
const MOST_NODES = 100;
const USUAL_LIMIT = 10_000;
const GREATEST_LIMIT = 1_000_000;

/** With its place among the arguments: of the number or id. */
export interface TrimOption {
  readonly keep: Trim['keep'];
  readonly approximate: boolean;
  readonly index: number;
}

/** As it is given; `seq` undefined for ms-*. */
export type GivenId = StreamId | { readonly ms: Uint64; readonly seq: undefined };

export interface TrimArguments {
  readonly trim: (TrimOption & Trim) | undefined;
  readonly createsStream: boolean;
  /** Where XADD's id stands. */
  readonly idIndex: number;
  /** Undefined for "*". */
  readonly id: GivenId | undefined;
}

/** MAXLEN or MINID at `at`, with what follows; the encoded error where it is wrong. */
function parseStrategy(argv: readonly string[], at: number): TrimOption | string {
  const sign = argv[at + 1] as string;
  const hasSign = (sign === '~' || sign === '=') && at + 2 < argv.length;
  const index = hasSign ? at + 2 : at + 1;
  const approximate = hasSign && sign === '~';
  const text = argv[index] as string;
  if (argv[at]?.toLowerCase() === 'minid') {
    const from = parseStrictId(text);
    return typeof from === 'string' ? from : { keep: { from }, approximate, index };
  }
  const length = parseInteger(text);
  if (length === undefined) return NOT_AN_INTEGER;
  return length < 0 ? NEGATIVE_LENGTH : { keep: { length }, approximate, index };
}

/** Of XADD (`adds`) or XTRIM; the encoded error where they are wrong. */
export function parseTrimArguments(
  context: Context,
  argv: readonly string[],
  adds: boolean,
): TrimArguments | string {
  let option: TrimOption | undefined;
  let limit: number | undefined;
  let createsStream = true;
  let id: GivenId | undefined;
  let at = 2;
  for (; at < argv.length; at++) {
    const text = argv[at] as string;
    if (adds && text === '*') break;
    const word = text.toLowerCase();
    const hasMore = at + 1 < argv.length;
    if ((word === 'maxlen' || word === 'minid') && hasMore) {
      if (option !== undefined) return BOTH_STRATEGIES;
      const parsed = parseStrategy(argv, at);
      if (typeof parsed === 'string') return parsed;
      option = parsed;
      at = parsed.index;
    } else if (word === 'limit' && hasMore) {
      limit = parseInteger(argv[++at] as string);
      if (limit === undefined) return NOT_AN_INTEGER;
      if (limit < 0) return NEGATIVE_LIMIT;
    } else if (adds && word === 'nomkstream') createsStream = false;
    else if (adds) {
      id = parseId(text, 0);
      if (id === undefined) return INVALID_ID;
      break;
    } else return SYNTAX_ERROR;
  }
  const trim = limited(context, option, limit, adds);
  return typeof trim === 'string' ? trim : { trim, createsStream, idIndex: at, id };
}

/** Together with how many entries may go. */
function limited(
  { client, node }: Context,
  option: TrimOption | undefined,
  limit: number | undefined,
  adds: boolean,
): TrimArguments['trim'] | string {
  if (option === undefined) {
    if (limit !== undefined && limit > 0) return LIMIT_ALONE;
    if (!adds) return NO_STRATEGY;
  }
  // What a master or a file says is exact already.
  if (client.kind === 'master') return option && { ...option, limit: 0 };
  if (limit !== undefined) {
    if (option?.approximate !== true) return LIMIT_OF_EXACT;
    return { ...option, limit };
  }
  if (option === undefined) return undefined;
  if (!option.approximate) return { ...option, limit: 0 };
  const entries = MOST_NODES * node.config.number('stream-node-max-entries');
  return { ...option, limit: Math.min(entries > 0 ? entries : USUAL_LIMIT, GREATEST_LIMIT) };
}

/** Puts what is left of the stream in place of an approximation; `argv` is the caller's own. */
export function makeExact(argv: string[], trim: TrimOption, stream: Stream): void {
  argv[trim.index - 1] = '=';
  argv[trim.index] = 'length' in trim.keep ? String(stream.size) : idText(stream.firstKeptId);
}
