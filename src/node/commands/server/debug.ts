/** Owns DEBUG: what tests need, behind enable-debug-command. Source: Redis debug.c debugCommand. */
import { stallThread } from '../../../core/stall.ts';
import { array, error, OK, simple } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NO_SUCH_KEY, unknownSubcommand } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import { BLOCKED, type CommandRow, type Reply } from '../../command/row.ts';
import { rewriteConfigFile } from '../../config/rewrite.ts';
import { systemErrorText } from '../../config/special.ts';
import { parseMemory } from '../../config/value.ts';
import type { Context } from '../../dispatch/context.ts';
import { valueBytes } from '../../keyspace/memory.ts';
import { textBytes } from '../../types/memory.ts';
import { isString, stringEncoding } from '../../types/string/string.ts';
import { typeOf } from '../../types/types.ts';
import { clusterDebugHelp, debugCluster } from '../cluster/debug.ts';
import { datasetDigest, valueDigest } from './digest.ts';
import { protocolSample } from './protocol-samples.ts';

const help = [
  'AOF-FLUSH-SLEEP <microsec>',
  '    Server will sleep before flushing the AOF, this is used for testing.',
  'CHANGE-REPL-ID',
  '    Change the replication IDs of the instance.',
  '    Dangerous: should be used only for testing the replication subsystem.',
  'CONFIG-REWRITE-FORCE-ALL',
  '    Like CONFIG REWRITE but writes all configuration options, including',
  '    keywords not listed in original configuration file or default values.',
  'DIGEST',
  '    Output a hex signature representing the current DB content.',
  'DIGEST-VALUE <key> [<key> ...]',
  '    Output a hex signature of the values of all the specified keys.',
  'ERROR <string>',
  '    Return a Redis protocol error with <string> as message. Useful for clients',
  '    unit tests to simulate Redis errors.',
  'LOADAOF',
  '    Flush the AOF buffers on disk and reload the AOF in memory.',
  'LOG <message>',
  '    Write <message> to the server log.',
  'OBJECT <key>',
  '    Show low level info about `key` and associated value.',
  'PAUSE-CRON <0|1>',
  '    Stop periodic cron job processing.',
  'POPULATE <count> [<prefix>] [<size>]',
  '    Create <count> string keys named key:<num>. If <prefix> is specified then',
  "    it is used instead of the 'key' prefix. These are not propagated to",
  '    replicas. Cluster slots are not respected so keys not belonging to the',
  '    current node can be created in cluster mode.',
  'PROTOCOL <type>',
  '    Reply with a test value of the specified type. <type> can be: string,',
  '    integer, double, bignum, null, array, set, map, attrib, push, verbatim,',
  '    true, false.',
  'QUICKLIST-PACKED-THRESHOLD <size>',
  '    Taken for the sake of tests: lists keep elements of all sizes alike here.',
  'RELOAD [option ...]',
  '    Save the RDB on disk and reload it back to memory. Valid <option> values:',
  '    * MERGE: conflicting keys will be loaded from RDB.',
  '    * NOFLUSH: the existing database will not be removed before load, but',
  '      conflicting keys will generate an exception and kill the server.',
  '    * NOSAVE: the database will be loaded from an existing RDB file.',
  '    Examples:',
  '    * DEBUG RELOAD: verify that the server is able to persist, flush and reload',
  '      the database.',
  '    * DEBUG RELOAD NOSAVE: replace the current database with the contents of an',
  '      existing RDB file.',
  '    * DEBUG RELOAD NOSAVE NOFLUSH MERGE: add the contents of an existing RDB',
  '      file to the database.',
  'REPLICATE <string>',
  '    Replicates the provided string to replicas, allowing data divergence.',
  'SDSLEN <key>',
  '    Show low level SDS string info representing `key` and value.',
  'SET-ACTIVE-EXPIRE <0|1>',
  '    Setting it to 0 disables expiring keys in background when they are not',
  '    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the',
  '    default.',
  'SET-SKIP-CHECKSUM-VALIDATION <0|1>',
  "    Enables or disables checksum checks for RDB files and RESTORE's payload",
  'SET-DISABLE-DENY-SCRIPTS <0|1>',
  '    Setting it to 1 lets scripts call commands that they must not call.',
  'SLEEP <seconds>',
  '    Stop the server for <seconds>. Decimals allowed.',
  ...clusterDebugHelp,
];

function object({ db, nowMs }: Context, key: string): Reply {
  const entry = db.peekEvenExpired(key);
  if (entry === undefined) return NO_SUCH_KEY;
  const type = typeOf(entry.value);
  const idleMs = db.idleMs(entry);
  const lru = Math.trunc((nowMs - idleMs) / 1000) & 0xffffff;
  return simple(
    `Value at:0x0 refcount:1 encoding:${type.encoding(entry.value, entry.encodingHint)} ` +
      `serializedlength:${valueBytes(entry.value)} lru:${lru} lru_seconds_idle:${Math.trunc(idleMs / 1000)}`,
  );
}

function sdslen({ db }: Context, key: string): Reply {
  const entry = db.peekEvenExpired(key);
  if (entry === undefined) return NO_SUCH_KEY;
  const { value } = entry;
  if (!isString(value) || stringEncoding(value, entry.encodingHint) === 'int')
    return error('ERR Not an sds encoded string.');
  // Strings of V8 have no spare room.
  const { length } = value;
  return simple(
    `key_sds_len:${key.length}, key_sds_avail:0, key_zmalloc: ${textBytes(key)}, ` +
      `val_sds_len:${length}, val_sds_avail:0, val_zmalloc: ${valueBytes(value)}`,
  );
}

function populate(context: Context, argv: readonly string[]): Reply {
  const [, , countText = '', prefix = 'key', sizeText = '0'] = argv;
  const count = parseInteger(countText);
  const size = parseInteger(sizeText);
  if (count === undefined || size === undefined || count < 0 || size < 0)
    return error('ERR value is out of range, must be positive');
  const { db } = context;
  for (let i = 0; i < count; i++) {
    const key = `${prefix}:${i}`;
    if (db.lookupWrite(key) !== undefined) continue;
    const text = `value:${i}`;
    db.set(key, size === 0 ? text : text.slice(0, size).padEnd(size, '\0'));
  }
  context.preventPropagation();
  return OK;
}

function rewriteAll({ node }: Context): Reply {
  const { config } = node.server;
  try {
    rewriteConfigFile(config.file ?? '', config, node.acl.configLines(), node.random.hex(6), true);
    return OK;
  } catch (reason) {
    return error(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${systemErrorText(reason)}`);
  }
}

/** Saves the data set and reads it back, or a part of that. */
function reload({ node }: Context, argv: readonly string[]): Reply {
  const options = argv.slice(2).map((option) => option.toLowerCase());
  if (options.some((option) => option !== 'merge' && option !== 'noflush' && option !== 'nosave'))
    return error('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.');
  const has = (option: string): boolean => options.includes(option);
  const failure = node.persistence.reload({
    save: !has('nosave'),
    flush: !has('noflush'),
    merge: has('merge'),
  });
  return failure === undefined ? OK : error(failure);
}

function loadAof({ node, client }: Context): Reply {
  void node.persistence.aof.reload().then(() => client.resume(OK));
  return BLOCKED;
}

/** Leading digits as C's atoi reads them; 0 without any. */
function atoi(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

const BAD_THRESHOLD = error('ERR argument must be a memory value bigger than 1 and smaller than 4gb');
const MAX_THRESHOLD_BYTES = 2 ** 32 - 2 ** 20;

function isQuicklistThreshold(text: string): boolean {
  const bytes = parseMemory(text);
  return bytes !== undefined && bytes <= MAX_THRESHOLD_BYTES;
}

function debug(context: Context, argv: readonly string[]): Reply {
  const { node, db, resp } = context;
  const word = (argv[1] as string).toLowerCase();
  const value = argv[2];
  if (word === 'help' && argv.length === 2) return helpReply('DEBUG', help);
  if (word === 'change-repl-id' && argv.length === 2) {
    node.log('warning', 'Changing replication IDs after receiving change-repl-id');
    node.replication.service.changeId();
    return OK;
  }
  if (word === 'digest' && argv.length === 2) return simple(datasetDigest(node.databases));
  if (word === 'digest-value') return array(argv.slice(2).map((key) => simple(valueDigest(db, key))));
  if (word === 'config-rewrite-force-all' && argv.length === 2) return rewriteAll(context);
  if (word === 'populate' && argv.length >= 3 && argv.length <= 5) return populate(context, argv);
  if (word === 'replicate' && argv.length >= 3) {
    context.propagateAs(argv.slice(2));
    return OK;
  }
  if (word === 'reload') return reload(context, argv);
  if (word === 'loadaof' && argv.length === 2) return loadAof(context);
  const clusterReply = debugCluster(context, argv);
  if (clusterReply !== undefined) return clusterReply;
  if (value === undefined || argv.length !== 3) return unknownSubcommand('DEBUG', argv[1] as string);
  switch (word) {
    case 'aof-flush-sleep':
      node.persistence.aof.extraWriteMs = atoi(value) / 1000;
      return OK;
    case 'error':
      return error(value);
    case 'log':
      node.log('warning', `DEBUG LOG: ${value}`);
      return OK;
    case 'object':
      return object(context, value);
    case 'pause-cron':
      node.server.cron.paused = atoi(value) !== 0;
      return OK;
    case 'protocol':
      return protocolSample(value, resp);
    case 'sdslen':
      return sdslen(context, value);
    case 'set-disable-deny-scripts':
      node.scripts.allowsAnyCommand = atoi(value) !== 0;
      return OK;
    case 'set-active-expire':
      node.activeExpiry.enabled = atoi(value) !== 0;
      return OK;
    case 'set-skip-checksum-validation':
      node.persistence.skipChecksum = atoi(value) !== 0;
      return OK;
    case 'quicklist-packed-threshold':
      return isQuicklistThreshold(value) ? OK : BAD_THRESHOLD;
    case 'sleep':
      stallThread((Number.parseFloat(value) || 0) * 1000);
      return OK;
    default:
      return unknownSubcommand('DEBUG', argv[1] as string);
  }
}

export const debugRow: CommandRow = {
  name: 'debug',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale', 'protected'],
  categories: [],
  keySpecs: [],
  summary: 'Commands for tests',
  since: '1.0.0',
  group: 'server',
  complexity: 'Depends on subcommand.',
  handler: debug,
};
