/**
 * Owns PFADD, PFCOUNT and PFMERGE. Source: Redis hyperloglog.c pfaddCommand, pfcountCommand, pfmergeCommand.
 */
import { integer, OK, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { REGISTERS } from '../../types/string/hyperloglog/hash.ts';
import {
  addElement,
  cacheCardinality,
  cachedCardinality,
  countRegisters,
  emptyHyperLogLog,
  isDense,
  makeDense,
  markStale,
  mergeInto,
  raiseAll,
  registersOf,
} from '../../types/string/hyperloglog/hyperloglog.ts';
import { bytesOf } from '../../types/string/string.ts';
import { CORRUPT, checkHyperLogLog, editHyperLogLog, maxSparseBytes } from './value.ts';

function pfadd(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const db = context.db;
  const entry = db.lookupWrite(key);
  const string = entry === undefined ? emptyHyperLogLog() : editHyperLogLog(context, entry);
  if (typeof string === 'string') return string;
  if (entry === undefined) db.add(key, string);
  let changes = entry === undefined ? 1 : 0;
  const limit = maxSparseBytes(context);
  for (let i = 2; i < argv.length; i++) {
    const changed = addElement(string, argv[i] as string, limit);
    if (changed === undefined) return CORRUPT;
    if (changed) changes++;
  }
  if (changes === 0) return ZERO;
  markStale(string);
  db.changed(key, changes);
  db.notify('$', 'pfadd', key);
  return ONE;
}

/** The registers of several keys together, or the error reply; `dense` when one of them is kept so. */
function union(
  { db }: Context,
  keyNames: readonly string[],
): { registers: Uint8Array; dense: boolean } | string {
  const registers = new Uint8Array(REGISTERS);
  let dense = false;
  for (const key of keyNames) {
    const entry = db.lookupRead(key);
    if (entry === undefined) continue;
    const found = checkHyperLogLog(entry);
    if (typeof found === 'string') return found;
    const bytes = bytesOf(found.value);
    if (!mergeInto(registers, bytes)) return CORRUPT;
    dense ||= isDense(bytes);
  }
  return { registers, dense };
}

function pfcount(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 2) {
    const united = union(context, argv.slice(1));
    return typeof united === 'string' ? united : integer(countRegisters(united.registers));
  }
  const key = argv[1] as string;
  const db = context.db;
  const entry = db.lookupRead(key);
  if (entry === undefined) return ZERO;
  const string = editHyperLogLog(context, entry);
  if (typeof string === 'string') return string;
  const cached = cachedCardinality(string.bytes);
  if (cached !== undefined) return integer(cached);
  const registers = registersOf(string.bytes);
  if (registers === undefined) return CORRUPT;
  const cardinality = countRegisters(registers);
  cacheCardinality(string, cardinality);
  // What is kept has changed, if not what it stands for: replicas are to keep the same.
  db.changed(key);
  return integer(cardinality);
}

function pfmerge(context: Context, argv: readonly string[]): Reply {
  const united = union(context, argv.slice(1));
  if (typeof united === 'string') return united;
  const key = argv[1] as string;
  const db = context.db;
  const entry = db.lookupWrite(key);
  const string = entry === undefined ? emptyHyperLogLog() : editHyperLogLog(context, entry);
  if (typeof string === 'string') return string;
  if (entry === undefined) db.add(key, string);
  if (united.dense && !isDense(string.bytes) && !makeDense(string)) return CORRUPT;
  raiseAll(string, united.registers, maxSparseBytes(context));
  db.changed(key);
  db.notify('$', 'pfadd', key);
  return OK;
}

export const countingRows: readonly CommandRow[] = [
  {
    name: 'pfadd',
    arity: -2,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['hyperloglog'],
    keySpecs: [keys(['RW', 'insert'])],
    summary: 'Adds elements to a HyperLogLog, which is made when it is not there',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'O(1) for each element',
    handler: pfadd,
  },
  {
    name: 'pfcount',
    arity: -2,
    flags: ['readonly', 'may_replicate'],
    categories: ['hyperloglog'],
    keySpecs: [
      {
        ...keys(['RW', 'access'], 1, -1),
        notes: 'RW because the count is kept in the value, and sent to replicas',
      },
    ],
    summary: 'Estimates how many different elements were added to one or more HyperLogLogs together',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'O(1) for one key, O(N) for N keys',
    handler: pfcount,
  },
  {
    name: 'pfmerge',
    arity: -2,
    flags: ['write', 'denyoom'],
    categories: ['hyperloglog'],
    keySpecs: [keys(['RW', 'access', 'insert']), keys(['RO', 'access'], 2, -1)],
    summary: 'Adds to a HyperLogLog what was added to others',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'O(N) for N HyperLogLogs',
    handler: pfmerge,
  },
];
