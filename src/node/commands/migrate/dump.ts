/**
 * Owns DUMP and RESTORE. Source: Redis cluster.c dumpCommand, restoreCommand.
 */
import { BytesError, ByteWriter } from '../../../core/bytes.ts';
import { isDumpIntact, readDump, writeDump } from '../../../protocol/rdb/dump.ts';
import type { RdbSource } from '../../../protocol/rdb/objects.ts';
import { bulk, error, nullBulk, OK } from '../../../protocol/resp/encode.ts';
import { absoluteTimeMs, parseInt64, parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Value } from '../../keyspace/value.ts';
import { typeOf, valueFromRdb } from '../../types/types.ts';
import { isPast } from '../expiry.ts';

const FOOTER_AND_HEADER_BYTES = 32;

function dump(context: Context, argv: readonly string[]): Reply {
  const entry = context.db.lookupRead(argv[1] as string);
  if (entry === undefined) return nullBulk(context.resp);
  const source = typeOf(entry.value).toRdb(entry.value);
  const writer = new ByteWriter(payloadBytes(source) + FOOTER_AND_HEADER_BYTES);
  writeDump(writer, source, context.node.config.flag('rdbcompression'));
  return bulk(writer.bytes().latin1Slice());
}

/** A guess where it is no string. */
function payloadBytes(source: RdbSource): number {
  return typeof source === 'string' || source instanceof Uint8Array ? source.length : source.size * 16;
}

interface RestoreOptions {
  replace: boolean;
  absoluteTtl: boolean;
  idleSeconds: number;
  frequency: number;
}

/** The options, or the encoded error. */
function parseOptions(argv: readonly string[]): RestoreOptions | string {
  const options = { replace: false, absoluteTtl: false, idleSeconds: -1, frequency: -1 };
  for (let at = 4; at < argv.length; at++) {
    const word = (argv[at] as string).toLowerCase();
    const value = argv[at + 1];
    if (word === 'replace') {
      options.replace = true;
    } else if (word === 'absttl') {
      options.absoluteTtl = true;
    } else if (word === 'idletime' && value !== undefined && options.frequency === -1) {
      const seconds = parseInteger(value);
      if (seconds === undefined) return NOT_AN_INTEGER;
      if (seconds < 0) return error('ERR Invalid IDLETIME value, must be >= 0');
      options.idleSeconds = seconds;
      at++;
    } else if (word === 'freq' && value !== undefined && options.idleSeconds === -1) {
      const frequency = parseInteger(value);
      if (frequency === undefined) return NOT_AN_INTEGER;
      if (frequency < 0 || frequency > 255) return error('ERR Invalid FREQ value, must be >= 0 and <= 255');
      options.frequency = frequency;
      at++;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}

/** The value of a payload, or the encoded error. */
function parsePayload({ node }: Context, text: string): { readonly value: Value } | string {
  const payload = Buffer.from(text, 'latin1');
  if (!isDumpIntact(payload, !node.persistence.skipChecksum))
    return error('ERR DUMP payload version or checksum are wrong');
  try {
    return { value: valueFromRdb(readDump(payload), node) };
  } catch (thrown) {
    if (thrown instanceof BytesError) return error('ERR Bad data format');
    throw thrown;
  }
}

function restore(context: Context, argv: readonly string[]): Reply {
  const { db } = context;
  const key = argv[1] as string;
  const options = parseOptions(argv);
  if (typeof options === 'string') return options;
  if (!options.replace && db.lookupWrite(key) !== undefined)
    return error('BUSYKEY Target key name already exists.');
  const ttl = parseInt64(argv[2] as string);
  if (ttl === undefined) return NOT_AN_INTEGER;
  const ttlEndMs = absoluteTimeMs(ttl, false, options.absoluteTtl ? 0 : context.nowMs);
  if (ttl < 0 || ttlEndMs === undefined) return error('ERR Invalid TTL value, must be >= 0');
  const payload = parsePayload(context, argv[3] as string);
  if (typeof payload === 'string') return payload;

  const expireAtMs = ttl === 0 ? -1 : ttlEndMs;
  if (expireAtMs >= 0 && isPast(context, expireAtMs)) {
    if (options.replace && db.delete(key)) {
      db.notify('g', 'del', key);
      context.propagateAs(['DEL', key]);
    }
    return OK;
  }
  db.set(key, payload.value, expireAtMs);
  if (options.frequency >= 0) db.setUsage(key, { frequency: options.frequency });
  else if (options.idleSeconds >= 0) db.setUsage(key, { idleSeconds: options.idleSeconds });
  db.notify('g', 'restore', key);
  // A replica reads this later: the time must be absolute.
  if (expireAtMs >= 0 && !options.absoluteTtl)
    context.propagateAs([argv[0] as string, key, String(expireAtMs), ...argv.slice(3), 'ABSTTL']);
  return OK;
}

const restoreRow = {
  arity: -4,
  categories: ['keyspace', 'dangerous'],
  keySpecs: [keys(['OW', 'update'])],
  since: '2.6.0',
  group: 'generic',
  complexity: 'O(N) for a value of N bytes',
  handler: restore,
} as const satisfies Partial<CommandRow>;

export const dumpRows: readonly CommandRow[] = [
  {
    name: 'dump',
    arity: 2,
    flags: ['readonly'],
    categories: ['keyspace'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns a value in the form that RESTORE takes',
    since: '2.6.0',
    group: 'generic',
    complexity: 'O(N) for a value of N bytes',
    tips: ['nondeterministic_output'],
    handler: dump,
  },
  {
    ...restoreRow,
    name: 'restore',
    flags: ['write', 'denyoom'],
    summary: 'Creates a key from what DUMP returned',
  },
  {
    ...restoreRow,
    name: 'restore-asking',
    flags: ['write', 'denyoom', 'asking'],
    since: '3.0.0',
    group: 'server',
    summary: 'The RESTORE that MIGRATE sends, taken while the slot is being imported',
  },
];
