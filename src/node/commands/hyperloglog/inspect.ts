/**
 * Owns PFDEBUG and PFSELFTEST: the insides of a HyperLogLog, and whether this node's arithmetic of them holds.
 * Source: Redis hyperloglog.c pfdebugCommand, pfselftestCommand.
 */
import { array, bulk, error, integer, OK, ONE, simple, ZERO } from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { ByteString } from '../../types/string/byte-string.ts';
import { DENSE_BYTES, getRegister, REGISTER_MAX, setRegister } from '../../types/string/hyperloglog/dense.ts';
import { REGISTERS } from '../../types/string/hyperloglog/hash.ts';
import {
  addElement,
  countRegisters,
  describeSparse,
  emptyHyperLogLog,
  isDense,
  makeDense,
  registersOf,
} from '../../types/string/hyperloglog/hyperloglog.ts';
import { CORRUPT, editHyperLogLog, maxSparseBytes } from './value.ts';

const NO_KEY = error('ERR The specified key does not exist');
const NOT_SPARSE = error('ERR HLL encoding is not sparse');

/** Makes it dense, which replicas do too; undefined when it is damaged, false when it was dense. */
function convert(context: Context, key: string, string: ByteString): boolean | undefined {
  if (isDense(string.bytes)) return false;
  if (!makeDense(string)) return undefined;
  context.db.changed(key);
  return true;
}

function pfdebug(context: Context, argv: readonly string[]): Reply {
  const key = argv[2] as string;
  const entry = context.db.lookupWrite(key);
  if (entry === undefined) return NO_KEY;
  const string = editHyperLogLog(context, entry);
  if (typeof string === 'string') return string;
  switch ((argv[1] as string).toLowerCase()) {
    case 'getreg': {
      if (convert(context, key, string) === undefined) return CORRUPT;
      const registers = registersOf(string.bytes);
      return registers === undefined ? CORRUPT : array(Array.from(registers, integer));
    }
    case 'decode': {
      if (isDense(string.bytes)) return NOT_SPARSE;
      const opcodes = describeSparse(string);
      return opcodes === undefined ? CORRUPT : bulk(opcodes);
    }
    case 'encoding':
      return simple(isDense(string.bytes) ? 'dense' : 'sparse');
    case 'todense': {
      const converted = convert(context, key, string);
      return converted === undefined ? CORRUPT : converted ? ONE : ZERO;
    }
    default:
      return error(`ERR Unknown PFDEBUG subcommand '${argv[1]}'`);
  }
}

/** How often all registers are set to other counts. */
const REGISTER_ROUNDS = 100;
/** redis-server adds ten times as many; nobody else is served meanwhile. */
const ELEMENTS = 1_000_000;
/** The standard error of an estimate, as a part of the cardinality. */
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS);

/** Registers that are next to each other do not disturb each other: the error reply if they do. */
function testRegisters({ node }: Context): string | undefined {
  const bytes = new Uint8Array(DENSE_BYTES);
  const counts = new Uint8Array(REGISTERS);
  for (let round = 0; round < REGISTER_ROUNDS; round++) {
    for (let i = 0; i < REGISTERS; i++) {
      counts[i] = node.random.below(REGISTER_MAX + 1);
      setRegister(bytes, 0, i, counts[i] as number);
    }
    for (let i = 0; i < REGISTERS; i++) {
      const found = getRegister(bytes, 0, i);
      if (found !== counts[i])
        return error(`ERR TESTFAILED Register ${i} should be ${counts[i]} but is ${found}`);
    }
  }
  return undefined;
}

function countOf(string: ByteString): number {
  const registers = registersOf(string.bytes);
  return registers === undefined ? Number.NaN : Number(countRegisters(registers));
}

/** Both representations agree, and estimate well: the error reply if they do not. */
function testEstimates(context: Context): string | undefined {
  const sparse = emptyHyperLogLog();
  const dense = emptyHyperLogLog();
  makeDense(dense);
  const limit = maxSparseBytes(context);
  const prefix = context.node.random.hex(8);
  let checkpoint = 1;
  for (let added = 1; added <= ELEMENTS; added++) {
    const element = prefix + added;
    addElement(dense, element, limit);
    addElement(sparse, element, limit);
    if (added < checkpoint) continue;
    if (added < limit / 2 && isDense(sparse.bytes)) return error('ERR TESTFAILED sparse encoding not used');
    const estimated = countOf(dense);
    if (estimated !== countOf(sparse)) return error('ERR TESTFAILED dense/sparse disagree');
    const off = Math.abs(added - estimated);
    // Two of ten elements may well meet in one register.
    const tolerated = added === 10 ? 1 : Math.ceil(STANDARD_ERROR * 6 * added);
    if (off > tolerated) return error(`ERR TESTFAILED Too big error. card:${added} abserr:${off}`);
    checkpoint *= 10;
  }
  return undefined;
}

function pfselftest(context: Context): Reply {
  return testRegisters(context) ?? testEstimates(context) ?? OK;
}

export const inspectionRows: readonly CommandRow[] = [
  {
    name: 'pfdebug',
    arity: 3,
    flags: ['write', 'denyoom', 'admin'],
    categories: ['hyperloglog'],
    keySpecs: [keys(['RW', 'access'], 2)],
    summary: 'Shows the insides of a HyperLogLog',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'O(1)',
    handler: pfdebug,
  },
  {
    name: 'pfselftest',
    arity: 1,
    flags: ['admin'],
    categories: ['hyperloglog'],
    keySpecs: [],
    summary: 'Tests whether HyperLogLogs count as they should',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'Some seconds, in which nobody else is served',
    handler: pfselftest,
  },
];
