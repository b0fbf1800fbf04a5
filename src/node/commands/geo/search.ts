/**
 * Owns GEOSEARCH, GEOSEARCHSTORE, GEORADIUS, GEORADIUSBYMEMBER and their _RO forms. Source: Redis geo.c georadiusGeneric.
 */
import { array, bulk, EMPTY_ARRAY, integer } from '../../../protocol/resp/encode.ts';
import { INT64_MIN } from '../../command/arguments.ts';
import { type CommandRow, type KeySpec, type KeySpecFlag, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { type Point, pointOf, scoresOf } from '../../types/zset/geo/cell.ts';
import { cellsOf, distanceWithin, type Shape } from '../../types/zset/geo/shape.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import type { SortedSet } from '../../types/zset/sorted-set.ts';
import { collectionToRead } from '../collection.ts';
import { storeMembers } from '../zset/store.ts';
import { distanceReply, pointReply } from './arguments.ts';
import { parseSearch, type SearchForm, type SearchOptions } from './options.ts';

interface Found {
  readonly member: string;
  readonly score: number;
  readonly point: Point;
  readonly meters: number;
}

/** The members within the shape, cell by cell; with `limit` above 0 no more than so many. */
function membersWithin(set: SortedSet, shape: Shape, limit: number): Found[] {
  const found: Found[] = [];
  for (const cell of cellsOf(shape)) {
    const [from, to] = scoresOf(cell);
    const start = set.countBefore((score) => score < from);
    const end = set.countBefore((score) => score < to);
    for (const { key, score } of set.slice(start, end - start)) {
      const point = pointOf(score);
      const meters = distanceWithin(shape, point);
      if (meters === undefined) continue;
      found.push({ member: key, score, point, meters });
      if (found.length === limit) return found;
    }
  }
  return found;
}

/** What is asked for of what is found, in order. */
function select(found: Found[], { count, any, order }: SearchOptions): Found[] {
  // Without an order a count takes the nearest.
  if (order !== undefined || (count > 0 && !any)) {
    const sign = order === 'farthest first' ? -1 : 1;
    found.sort((a, b) => sign * (a.meters - b.meters));
  }
  return count > 0 ? found.slice(0, count) : found;
}

/** A score as C makes a whole number of it. */
function hashReply(score: number): string {
  return integer(Math.abs(score) < 2 ** 63 ? BigInt(Math.trunc(score)) : INT64_MIN);
}

function foundReply(
  context: Context,
  options: SearchOptions,
  unitMeters: number,
  all: readonly Found[],
): string {
  const { distances, hashes, points } = options;
  if (!distances && !hashes && !points) return array(all.map(({ member }) => bulk(member)));
  return array(
    all.map(({ member, score, point, meters }) => {
      const items = [bulk(member)];
      if (distances) items.push(distanceReply(meters / unitMeters));
      if (hashes) items.push(hashReply(score));
      if (points) items.push(pointReply(point, context.resp));
      return array(items);
    }),
  );
}

function search(context: Context, argv: readonly string[], form: SearchForm): Reply {
  const set = collectionToRead(context, argv[form.storing ? 2 : 1] as string, sortedSetType);
  if (typeof set === 'string') return set;
  const options = parseSearch(argv, form, set);
  if (typeof options === 'string') return options;
  const { center, extent, storeKey } = options;
  let found: Found[] = [];
  if (set !== undefined && center !== undefined && extent !== undefined) {
    const all = membersWithin(set, { ...extent, center }, options.any ? options.count : 0);
    found = select(all, options);
  }
  const unitMeters = extent?.unitMeters ?? 1;
  if (storeKey === undefined)
    return found.length === 0 ? EMPTY_ARRAY : foundReply(context, options, unitMeters, found);
  const members = found.map(({ member, score, meters }) => ({
    key: member,
    score: options.storeDistances ? meters / unitMeters : score,
  }));
  const event = form.center === 'options' ? 'geosearchstore' : 'georadiusstore';
  const count = storeMembers(context, storeKey, members, event);
  if (count > 1) context.db.changed(storeKey, count - 1);
  return integer(count);
}

/** The key, and where the result goes: the last STORE or STOREDIST counts. Source: db.c georadiusGetKeys. */
function radiusKeys(argv: readonly string[]): number[] {
  let store = 0;
  for (let i = 5; i + 1 < argv.length; i++) if (/^store(?:dist)?$/i.test(argv[i] as string)) store = ++i;
  return store === 0 ? [1] : [1, store];
}

/** The key behind a keyword, which stands at `startFrom` or after it. */
function keywordKey(flags: readonly KeySpecFlag[], keyword: string, startFrom: number): KeySpec {
  return { ...keys(flags), begin: { type: 'keyword', keyword, startFrom } };
}

const common = {
  categories: ['geo'],
  group: 'geo',
  complexity: 'O(N + log M) for N members in the cells around the center, in a set of M',
} as const;

const source = keys(['RO', 'access']);
const stores = { ...common, flags: ['write', 'denyoom'] } as const;
const reads = { ...common, flags: ['readonly'], keySpecs: [source] } as const;

function radiusRows(center: 'point' | 'member', name: string, arity: number, from: string): CommandRow[] {
  return [
    {
      ...stores,
      name,
      arity,
      keySpecs: [
        source,
        keywordKey(['OW', 'update'], 'STORE', -arity),
        keywordKey(['OW', 'update'], 'STOREDIST', -arity),
      ],
      getKeys: radiusKeys,
      summary: `Gives or keeps the members within a radius of ${from}`,
      since: '3.2.0',
      handler: (context, argv) => search(context, argv, { center, storing: false, readonly: false }),
    },
    {
      ...reads,
      name: `${name}_ro`,
      arity,
      summary: `Gives the members within a radius of ${from}`,
      since: '3.2.10',
      handler: (context, argv) => search(context, argv, { center, storing: false, readonly: true }),
    },
  ];
}

export const searchRows: readonly CommandRow[] = [
  ...radiusRows('point', 'georadius', -6, 'a point'),
  ...radiusRows('member', 'georadiusbymember', -5, 'a member'),
  {
    ...reads,
    name: 'geosearch',
    arity: -7,
    summary: 'Gives the members within a circle or a box around a point or a member',
    since: '6.2.0',
    handler: (context, argv) => search(context, argv, { center: 'options', storing: false, readonly: true }),
  },
  {
    ...stores,
    name: 'geosearchstore',
    arity: -8,
    keySpecs: [keys(['OW', 'update']), keys(['RO', 'access'], 2)],
    summary: 'Keeps the members within a circle or a box around a point or a member',
    since: '6.2.0',
    handler: (context, argv) => search(context, argv, { center: 'options', storing: true, readonly: false }),
  },
];
