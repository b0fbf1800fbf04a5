/**
 * Owns GEOADD, GEODIST, GEOHASH and GEOPOS: members of a sorted set whose scores are places on the map. Source: Redis geo.c.
 */
import { array, bulk, nullArray, nullBulk } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { geohashText, type Point, pointOf, scoreOf } from '../../types/zset/geo/cell.ts';
import { distanceMeters } from '../../types/zset/geo/shape.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import { collectionToRead } from '../collection.ts';
import { zadd } from '../zset/add.ts';
import { distanceReply, parsePoint, parseUnit, pointReply } from './arguments.ts';

const addFlags: ReadonlySet<string> = new Set(['nx', 'xx', 'ch']);

function geoadd(context: Context, argv: readonly string[]): Reply {
  let first = 2;
  while (first < argv.length && addFlags.has((argv[first] as string).toLowerCase())) first++;
  const flags = argv.slice(2, first).map((word) => word.toLowerCase());
  if ((argv.length - first) % 3 !== 0 || (flags.includes('nx') && flags.includes('xx'))) return SYNTAX_ERROR;
  const added = ['zadd', ...argv.slice(1, first)];
  for (let i = first; i < argv.length; i += 3) {
    const point = parsePoint(argv, i);
    if (typeof point === 'string') return point;
    added.push(String(scoreOf(point)), argv[i + 2] as string);
  }
  const { stats } = context.node;
  const writes = stats.dirty;
  const reply = zadd(context, added, false);
  if (stats.dirty > writes) context.propagateAs(added);
  return reply;
}

/** One reply for each member that is asked for, `missing` where there is none; or the error reply. */
function forMembers(
  context: Context,
  argv: readonly string[],
  show: (point: Point) => string,
  missing: string,
): Reply {
  const set = collectionToRead(context, argv[1] as string, sortedSetType);
  if (typeof set === 'string') return set;
  return array(
    argv.slice(2).map((member) => {
      const score = set?.score(member);
      return score === undefined ? missing : show(pointOf(score));
    }),
  );
}

function geopos(context: Context, argv: readonly string[]): Reply {
  const { resp } = context;
  return forMembers(context, argv, (point) => pointReply(point, resp), nullArray(resp));
}

function geohash(context: Context, argv: readonly string[]): Reply {
  return forMembers(context, argv, (point) => bulk(geohashText(point)), nullBulk(context.resp));
}

function geodist(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 5) return SYNTAX_ERROR;
  const unitMeters = parseUnit(argv[4] ?? 'm');
  if (typeof unitMeters === 'string') return unitMeters;
  const set = collectionToRead(context, argv[1] as string, sortedSetType);
  if (typeof set === 'string') return set;
  const from = set?.score(argv[2] as string);
  const to = set?.score(argv[3] as string);
  if (from === undefined || to === undefined) return nullBulk(context.resp);
  return distanceReply(distanceMeters(pointOf(from), pointOf(to)) / unitMeters);
}

const common = { categories: ['geo'], group: 'geo', since: '3.2.0' } as const;
const reads = { ...common, flags: ['readonly'], keySpecs: [keys(['RO', 'access'])] } as const;

export const memberRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'geoadd',
    arity: -5,
    flags: ['write', 'denyoom'],
    keySpecs: [keys(['RW', 'update'])],
    summary: 'Adds members with their places to a sorted set, or changes their places',
    complexity: 'O(log(N)) for each member of a set of N',
    handler: geoadd,
  },
  {
    ...reads,
    name: 'geodist',
    arity: -4,
    summary: 'Gives the distance between two members',
    complexity: 'O(1)',
    handler: geodist,
  },
  {
    ...reads,
    name: 'geohash',
    arity: -2,
    summary: 'Gives the places of members as geohash texts',
    complexity: 'O(1) for each member',
    handler: geohash,
  },
  {
    ...reads,
    name: 'geopos',
    arity: -2,
    summary: 'Gives longitude and latitude of members',
    complexity: 'O(1) for each member',
    handler: geopos,
  },
];
