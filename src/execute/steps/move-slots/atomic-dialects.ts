/**
 * Owns the two ways in which servers move whole slots by themselves, as commands and as replies: Valkey 9 (the source is
 * told: CLUSTER MIGRATESLOTS) and Redis 8.4 (the target is told: CLUSTER MIGRATION IMPORT).
 * Source: https://valkey.io/commands/cluster-migrateslots, .../cluster-getslotmigrations,
 * https://redis.io/commands/cluster-migration.
 */
import { type Command, type Reply, ReplyError } from '../../../client/command.ts';
import type { MoveSlots } from '../../../plan/plan.ts';
import { type SlotRange, SlotSet } from '../../../protocol/slots/slot-set.ts';

/** A migration as the server tells of it. */
export interface Job {
  readonly id: string;
  readonly slots: SlotSet;
  readonly sourceId: string;
  readonly targetId: string;
  /** "stumbled": it failed, and the server tries it again by itself. */
  readonly progress: 'running' | 'stumbled' | 'done' | 'failed' | 'cancelled';
  /** In the server's words. */
  readonly state: string;
  readonly message: string;
}

export interface Dialect {
  /** As COMMAND INFO knows the command that every node must have. */
  readonly command: string;
  /** Who is told. */
  readonly teller: 'source' | 'target';
  start(step: MoveSlots, ranges: readonly SlotRange[]): Command;
  /** All migrations that the teller knows of. */
  readonly list: Command;
  cancel(job: Job): Command;
  /** Throws when the reply is not what is documented. */
  parse(reply: Reply): Job[];
}

const valkey: Dialect = {
  command: 'cluster|migrateslots',
  teller: 'source',
  start: ({ target }, ranges) => [
    'CLUSTER',
    'MIGRATESLOTS',
    'SLOTSRANGE',
    ...bounds(ranges),
    'NODE',
    target.id,
  ],
  list: ['CLUSTER', 'GETSLOTMIGRATIONS'],
  // There is no other way than to cancel all that this source gives.
  cancel: () => ['CLUSTER', 'CANCELSLOTMIGRATIONS'],
  parse: (reply) =>
    entriesOf(reply)
      .filter((entry) => entry.get('operation') === 'EXPORT')
      .map((entry) => {
        const state = entry.get('state') ?? '';
        const ends = { success: 'done', failed: 'failed', cancelled: 'cancelled' } as const;
        return {
          id: entry.get('name') ?? '',
          slots: slotsOf(entry.get('slot_ranges')),
          sourceId: entry.get('source_node') ?? '',
          targetId: entry.get('target_node') ?? '',
          progress: state in ends ? ends[state as keyof typeof ends] : 'running',
          state,
          message: entry.get('message') ?? '',
        };
      }),
};

const redis: Dialect = {
  command: 'cluster|migration',
  teller: 'target',
  start: (_, ranges) => ['CLUSTER', 'MIGRATION', 'IMPORT', ...bounds(ranges)],
  list: ['CLUSTER', 'MIGRATION', 'STATUS', 'ALL'],
  cancel: ({ id }) => ['CLUSTER', 'MIGRATION', 'CANCEL', 'ID', id],
  parse: (reply) =>
    entriesOf(reply)
      .filter((entry) => entry.get('operation') === 'import')
      .map((entry) => {
        const state = entry.get('state') ?? '';
        return {
          id: entry.get('id') ?? '',
          slots: slotsOf(entry.get('slots')),
          sourceId: entry.get('source') ?? '',
          targetId: entry.get('dest') ?? '',
          progress: redisProgress(state, Number(entry.get('end_time') ?? 0)),
          state,
          message: entry.get('last_error') ?? '',
        };
      }),
};

export const dialects: readonly Dialect[] = [valkey, redis];

/** The target tries a failed import again until it is cancelled; only one that has ended is not tried any more. */
function redisProgress(state: string, endTime: number): Job['progress'] {
  if (state === 'completed') return 'done';
  if (state === 'canceled' || state === 'cancelled') return 'cancelled';
  if (state === 'failed') return endTime > 0 ? 'failed' : 'stumbled';
  return 'running';
}

function bounds(ranges: readonly SlotRange[]): number[] {
  return ranges.flatMap(({ first, last }) => [first, last]);
}

/** An array of arrays of names and values, each value as text. */
function entriesOf(reply: Reply): Map<string, string>[] {
  if (reply instanceof ReplyError || !Array.isArray(reply)) throw new TypeError('not a list of migrations');
  return reply.map((fields) => {
    const entry = new Map<string, string>();
    if (!Array.isArray(fields)) throw new TypeError('not a list of migrations');
    for (let at = 0; at + 1 < fields.length; at += 2)
      entry.set(String(fields[at]), String(fields[at + 1] ?? ''));
    return entry;
  });
}

/** "0-9 20-29"; a single slot may stand alone. */
function slotsOf(text = ''): SlotSet {
  return SlotSet.fromRanges(
    text
      .split(/[ ,]+/)
      .filter((word) => word !== '')
      .map((word) => {
        const [first = Number.NaN, last = first] = word.split('-').map(Number);
        return { first, last };
      }),
  );
}
