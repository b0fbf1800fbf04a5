/** Owns XAUTOCLAIM: what is pending for long goes to another consumer, some at a time. Source: Redis t_stream.c xautoclaimCommand. */
import { array, error } from '../../../protocol/resp/encode.ts';
import { MIN_ID, nextId, type StreamId } from '../../../protocol/text/stream-id.ts';
import { parseAtLeast, parseInteger } from '../../command/arguments.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Group } from '../../types/stream/group.ts';
import type { Stream } from '../../types/stream/stream.ts';
import { parseStart } from './arguments.ts';
import { claimFor, dropGone } from './claim.ts';
import { noSuchKeyOrGroup, streamToServe } from './lookup.ts';
import { propagateClaim } from './propagation.ts';
import { entryReply, idReply } from './replies.ts';

const WRONG_MIN_IDLE = error('ERR Invalid min-idle-time argument for XAUTOCLAIM');
const WRONG_COUNT = error('ERR COUNT must be > 0');
const USUAL_COUNT = 100;
/** As many entries are looked at for each that is wanted. */
const ATTEMPTS_FACTOR = 10;
/** As many ids of 16 bytes fit a signed number of 64 bits. */
const GREATEST_COUNT = 2 ** 59 - 1;

interface Sweep {
  readonly minIdleMs: number;
  readonly start: StreamId;
  readonly count: number;
  readonly onlyIds: boolean;
}

function parseSweep(argv: readonly string[]): Sweep | string {
  const minIdleMs = parseInteger(argv[4] as string);
  if (minIdleMs === undefined) return WRONG_MIN_IDLE;
  const start = parseStart(argv[5] as string);
  if (typeof start === 'string') return start;
  let count = USUAL_COUNT;
  let onlyIds = false;
  for (let at = 6; at < argv.length; at++) {
    const word = argv[at]?.toLowerCase();
    if (word === 'count' && at + 1 < argv.length) {
      const given = parseAtLeast(argv[++at] as string, 1, WRONG_COUNT);
      if (typeof given === 'string' || given > GREATEST_COUNT) return WRONG_COUNT;
      count = given;
    } else if (word === 'justid') onlyIds = true;
    else return SYNTAX_ERROR;
  }
  return { minIdleMs, start, count, onlyIds };
}

function sweep(
  context: Context,
  argv: readonly string[],
  stream: Stream,
  group: Group,
  { minIdleMs, start, count, onlyIds }: Sweep,
): Reply {
  const key = argv[1] as string;
  const { nowMs } = context;
  const claimed: string[] = [];
  const gone: string[] = [];
  let attempts = count * ATTEMPTS_FACTOR;
  let entry = group.pending.atOrAfter(start);
  while (entry !== undefined && attempts-- > 0 && claimed.length + gone.length < count) {
    const { id } = entry;
    const found = stream.find(id);
    if (found === undefined) {
      dropGone(context, key, group, entry);
      gone.push(idReply(id));
    } else if (minIdleMs <= 0 || nowMs - entry.deliveredAtMs >= minIdleMs) {
      claimFor(context, key, group, entry, argv[3] as string);
      entry.deliveredAtMs = nowMs;
      if (!onlyIds) entry.deliveryCount++;
      propagateClaim(context, key, group, entry);
      claimed.push(onlyIds ? idReply(id) : entryReply(found));
    }
    const next = nextId(id);
    entry = next && group.pending.atOrAfter(next);
  }
  return `*3\r\n${idReply(entry?.id ?? MIN_ID)}${array(claimed)}${array(gone)}`;
}

function xautoclaim(context: Context, argv: readonly string[]): Reply {
  const [, key = '', name = ''] = argv;
  const request = parseSweep(argv);
  if (typeof request === 'string') return request;
  const stream = streamToServe(context, key);
  if (typeof stream === 'string') return stream;
  const group = stream?.groups.get(name);
  if (stream === undefined || group === undefined) return noSuchKeyOrGroup(key, name);
  context.preventPropagation();
  return sweep(context, argv, stream, group, request);
}

export const autoClaimRow: CommandRow = {
  name: 'xautoclaim',
  arity: -6,
  flags: ['write', 'fast'],
  categories: ['stream'],
  keySpecs: [keys(['RW', 'delete'])],
  summary: 'Gives entries that are pending for long to another consumer',
  since: '6.2.0',
  group: 'stream',
  complexity: 'O(1) for a small COUNT',
  tips: ['nondeterministic_output'],
  handler: xautoclaim,
};
