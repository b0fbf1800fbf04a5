/**
 * Owns the commands that look through the keys: KEYS, SCAN, RANDOMKEY, TYPE. Source: Redis db.c keysCommand,
 * scanGenericCommand, randomkeyCommand, typeCommand.
 */
import { array, bulk, bulkArray, bulkOrNull, simple } from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { globMatches } from '../../keyspace/glob.ts';
import type { Entry } from '../../parts/keyspace.ts';
import { typeOf } from '../../types/types.ts';
import { INVALID_CURSOR, parseCursor, parseScanOptions } from '../scan-arguments.ts';

/** Buckets that one SCAN visits at most, for each element it shall return. */
const BUCKETS_PER_ELEMENT = 10;

function keysMatching(context: Context, argv: readonly string[]): Reply {
  const pattern = argv[1] as string;
  const found: string[] = [];
  for (const entry of context.db.entries()) {
    const matches = pattern === '*' || globMatches(pattern, entry.key);
    if (matches && !context.db.isExpired(entry)) found.push(entry.key);
  }
  return bulkArray(found);
}

/** In lower case, as TYPE shows it; "none" without the key. */
function typeName(context: Context, key: string): string {
  const entry = context.db.lookupNoTouch(key);
  return entry === undefined ? 'none' : typeOf(entry.value).name;
}

function scan(context: Context, argv: readonly string[]): Reply {
  let cursor = parseCursor(argv[1] as string);
  if (cursor === undefined) return INVALID_CURSOR;
  const options = parseScanOptions(argv, 2, true);
  if (typeof options === 'string') return options;
  const { count, pattern, type } = options;
  const db = context.db;
  const visited: Entry[] = [];
  const visit = (entry: Entry): void => {
    visited.push(entry);
  };
  let buckets = count * BUCKETS_PER_ELEMENT;
  do cursor = db.scan(cursor, visit);
  while (cursor !== 0 && buckets-- > 0 && visited.length < count);
  const found: string[] = [];
  for (const entry of visited) {
    if (pattern !== undefined && !globMatches(pattern, entry.key)) continue;
    if (type !== undefined && typeName(context, entry.key) !== type) continue;
    if (!db.expireIfNeeded(entry)) found.push(bulk(entry.key));
  }
  return array([bulk(String(cursor)), array(found)]);
}

export const scanRows: readonly CommandRow[] = [
  {
    name: 'keys',
    arity: 2,
    flags: ['readonly'],
    categories: ['keyspace', 'dangerous'],
    keySpecs: [],
    summary: 'Lists all keys that match a pattern',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(N) for N keys in the database',
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
    handler: keysMatching,
  },
  {
    name: 'scan',
    arity: -2,
    flags: ['readonly', 'touches_arbitrary_keys'],
    categories: ['keyspace'],
    keySpecs: [],
    summary: 'Lists the keys a few at a time, with a cursor to go on from',
    since: '2.8.0',
    group: 'generic',
    complexity: 'O(1) for each call, O(N) for all N keys',
    tips: ['nondeterministic_output', 'request_policy:special'],
    handler: scan,
  },
  {
    name: 'randomkey',
    arity: 1,
    flags: ['readonly', 'touches_arbitrary_keys'],
    categories: ['keyspace'],
    keySpecs: [],
    summary: 'Returns one of the keys at random',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'nondeterministic_output'],
    handler: (context) => bulkOrNull(context.db.randomKey(), context.resp),
  },
  {
    name: 'type',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    keySpecs: [keys(['RO'])],
    summary: 'Tells the type of the value of a key',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => simple(typeName(context, argv[1] as string)),
  },
];
