/** Owns XCLAIM: pending entries go to another consumer. Source: Redis t_stream.c xclaimCommand. */
import { array, error } from '../../../protocol/resp/encode.ts';
import { compareIds, MIN_ID, type StreamId } from '../../../protocol/text/stream-id.ts';
import { parseInteger } from '../../command/arguments.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Group, PendingEntry } from '../../types/stream/group.ts';
import type { Stream } from '../../types/stream/stream.ts';
import { parseStrictId } from './arguments.ts';
import { consumerFor, countWrites, noSuchKeyOrGroup, streamToServe } from './lookup.ts';
import { propagateClaim, propagateGroupId } from './propagation.ts';
import { entryReply, idReply } from './replies.ts';

const WRONG_MIN_IDLE = error('ERR Invalid min-idle-time argument for XCLAIM');

interface ClaimOptions {
  readonly minIdleMs: number;
  readonly ids: readonly StreamId[];
  /** Unix ms. */
  readonly deliveredAtMs: number;
  /** Undefined: one more than before, unless only ids are wanted. */
  readonly deliveryCount: number | undefined;
  /** Entries that are not pending become so. */
  readonly force: boolean;
  readonly onlyIds: boolean;
  /** The group has read up to there at least. */
  readonly lastId: StreamId;
}

/** The ids, as far as there are any, and the place of the first option. */
function leadingIds(argv: readonly string[], first: number): { ids: StreamId[]; next: number } {
  const ids: StreamId[] = [];
  let next = first;
  for (; next < argv.length; next++) {
    const id = parseStrictId(argv[next] as string);
    if (typeof id === 'string') break;
    ids.push(id);
  }
  return { ids, next };
}

const NUMBER_OPTIONS = ['IDLE', 'TIME', 'RETRYCOUNT'];

function parseClaim({ nowMs }: Context, argv: readonly string[]): ClaimOptions | string {
  const minIdleMs = parseInteger(argv[4] as string);
  if (minIdleMs === undefined) return WRONG_MIN_IDLE;
  const { ids, next } = leadingIds(argv, 5);
  let deliveredAtMs = nowMs;
  let deliveryCount: number | undefined;
  let force = false;
  let onlyIds = false;
  let lastId = MIN_ID;
  for (let at = next; at < argv.length; at++) {
    const option = argv[at] as string;
    const word = option.toUpperCase();
    const hasMore = at + 1 < argv.length;
    if (word === 'FORCE') force = true;
    else if (word === 'JUSTID') onlyIds = true;
    else if (word === 'LASTID' && hasMore) {
      const id = parseStrictId(argv[++at] as string);
      if (typeof id === 'string') return id;
      lastId = id;
    } else if (NUMBER_OPTIONS.includes(word) && hasMore) {
      const number = parseInteger(argv[++at] as string);
      if (number === undefined) return error(`ERR Invalid ${word} option argument for XCLAIM`);
      if (word === 'RETRYCOUNT') deliveryCount = number < 0 ? undefined : number;
      else deliveredAtMs = word === 'IDLE' ? nowMs - number : number;
    } else return error(`ERR Unrecognized XCLAIM option '${option}'`);
  }
  // Clients may reckon with their own clock: a time that cannot be is taken for now.
  if (deliveredAtMs < 0 || deliveredAtMs > nowMs) deliveredAtMs = nowMs;
  return { minIdleMs, ids, deliveredAtMs, deliveryCount, force, onlyIds, lastId };
}

/** What is pending but no longer in the stream is pending no more; replicas find that out by the claim. */
export function dropGone(context: Context, key: string, group: Group, entry: PendingEntry): void {
  propagateClaim(context, key, group, entry);
  countWrites(context, 1);
  group.remove(entry);
}

/** Gives a pending entry to a consumer, which is made if need be. */
export function claimFor(
  context: Context,
  key: string,
  group: Group,
  entry: PendingEntry,
  consumerName: string,
): void {
  group.give(entry, consumerFor(context, key, group, consumerName));
  countWrites(context, 1);
}

/** The pending entry that is to be claimed, if the entry is one that may be. */
function claimable(
  context: Context,
  argv: readonly string[],
  group: Group,
  id: StreamId,
  { force, minIdleMs }: ClaimOptions,
): PendingEntry | undefined {
  const { nowMs } = context;
  const entry = group.pending.find(id);
  if (entry === undefined) {
    if (!force) return undefined;
    return group.deliver(id, consumerFor(context, argv[1] as string, group, argv[3] as string), nowMs);
  }
  return minIdleMs > 0 && nowMs - entry.deliveredAtMs < minIdleMs ? undefined : entry;
}

function claimAll(
  context: Context,
  argv: readonly string[],
  stream: Stream,
  group: Group,
  options: ClaimOptions,
): string[] {
  const key = argv[1] as string;
  const replies: string[] = [];
  for (const id of options.ids) {
    const found = stream.find(id);
    if (found === undefined) {
      const gone = group.pending.find(id);
      if (gone !== undefined) dropGone(context, key, group, gone);
      continue;
    }
    const entry = claimable(context, argv, group, id, options);
    if (entry === undefined) continue;
    claimFor(context, key, group, entry, argv[3] as string);
    entry.deliveredAtMs = options.deliveredAtMs;
    if (options.deliveryCount !== undefined) entry.deliveryCount = options.deliveryCount;
    else if (!options.onlyIds) entry.deliveryCount++;
    propagateClaim(context, key, group, entry);
    replies.push(options.onlyIds ? idReply(id) : entryReply(found));
  }
  return replies;
}

function xclaim(context: Context, argv: readonly string[]): Reply {
  const [, key = '', name = ''] = argv;
  const stream = streamToServe(context, key);
  if (typeof stream === 'string') return stream;
  const group = stream?.groups.get(name);
  if (stream === undefined || group === undefined) return noSuchKeyOrGroup(key, name);
  const options = parseClaim(context, argv);
  if (typeof options === 'string') return options;
  context.preventPropagation();
  const hasMoved = compareIds(options.lastId, group.lastId) > 0;
  if (hasMoved) group.lastId = options.lastId;
  const dirtyBefore = context.node.stats.dirty;
  const replies = claimAll(context, argv, stream, group, options);
  // Each claim tells the last id, too.
  if (hasMoved && context.node.stats.dirty === dirtyBefore) {
    propagateGroupId(context, key, group);
    countWrites(context, 1);
  }
  return array(replies);
}

export const claimRow: CommandRow = {
  name: 'xclaim',
  arity: -6,
  flags: ['write', 'fast'],
  categories: ['stream'],
  keySpecs: [keys(['RW', 'update'])],
  summary: 'Gives pending entries to another consumer',
  since: '5.0.0',
  group: 'stream',
  complexity: 'O(log(N)) for each entry, of N that are pending',
  tips: ['nondeterministic_output'],
  handler: xclaim,
};
