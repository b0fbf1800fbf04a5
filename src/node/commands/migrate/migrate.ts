/**
 * Owns the arguments of MIGRATE; the work is the migration part's. Source: Redis cluster.c migrateCommand, db.c migrateGetKeys.
 */
import { error, simple } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { BLOCKED, type CommandRow, type KeyReference, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

const DEFAULT_TIMEOUT_MS = 1000;
const FIRST_OPTION = 6;
const SINGLE_KEY = 3;

interface Options {
  copy: boolean;
  replace: boolean;
  auth: readonly string[] | undefined;
  keys: readonly string[];
}

/** The options, or the encoded error. Passwords are taken out of what others may see. */
function parseOptions(context: Context, argv: readonly string[]): Options | string {
  const options: Options = {
    copy: false,
    replace: false,
    auth: undefined,
    keys: [argv[SINGLE_KEY] as string],
  };
  for (let at = FIRST_OPTION; at < argv.length; at++) {
    const word = (argv[at] as string).toLowerCase();
    if (word === 'copy') {
      options.copy = true;
    } else if (word === 'replace') {
      options.replace = true;
    } else if (word === 'auth' || word === 'auth2') {
      const count = word === 'auth' ? 1 : 2;
      if (at + count >= argv.length) return SYNTAX_ERROR;
      options.auth = argv.slice(at + 1, at + 1 + count);
      for (let secret = 0; secret < count; secret++) context.redact(++at);
    } else if (word === 'keys') {
      if (argv[SINGLE_KEY] !== '')
        return error('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string');
      options.keys = argv.slice(at + 1);
      break;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}

function migrate(context: Context, argv: readonly string[]): Reply {
  const { client, db, node } = context;
  const options = parseOptions(context, argv);
  if (typeof options === 'string') return options;
  const timeoutMs = parseInteger(argv[5] as string);
  const targetDb = parseInteger(argv[4] as string);
  if (timeoutMs === undefined || targetDb === undefined) return NOT_AN_INTEGER;
  if (!context.mayBlock)
    return error('ERR MIGRATE cannot run inside a transaction: it waits for the answer of another node');
  // What replicas learn of this, and when, is for the migration to say.
  context.preventPropagation();
  const keys = options.keys.filter((key) => db.lookupRead(key) !== undefined);
  if (keys.length === 0) return simple('NOKEY');
  const port = parseInteger(argv[2] as string);
  if (port === undefined || port < 1 || port > 65535)
    return error('IOERR error or timeout writing to target instance');
  node.migration.start(
    {
      ...options,
      keys,
      host: argv[1] as string,
      port,
      db,
      targetDb,
      timeoutMs: timeoutMs <= 0 ? DEFAULT_TIMEOUT_MS : timeoutMs,
    },
    (reply) => client.resume(reply),
  );
  return BLOCKED;
}

/** The one key at its place, or all behind KEYS. */
function migrateKeys(argv: readonly string[]): KeyReference[] {
  const reference = (index: number): KeyReference => ({ index, flags: ['RW', 'access', 'delete'] });
  for (let at = FIRST_OPTION; at < argv.length; at++) {
    const word = (argv[at] as string).toLowerCase();
    if (word === 'auth') at++;
    else if (word === 'auth2') at += 2;
    else if (word === 'keys')
      return argv[SINGLE_KEY] === ''
        ? argv.slice(at + 1).map((_key, offset) => reference(at + 1 + offset))
        : [];
  }
  return [reference(SINGLE_KEY)];
}

export const migrateRow: CommandRow = {
  name: 'migrate',
  arity: -6,
  flags: ['write'],
  categories: ['keyspace', 'dangerous'],
  keySpecs: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { type: 'index', index: SINGLE_KEY },
      find: { type: 'range', lastKey: 0, step: 1, limit: 0 },
    },
    {
      flags: ['RW', 'access', 'delete', 'incomplete'],
      begin: { type: 'keyword', keyword: 'KEYS', startFrom: -2 },
      find: { type: 'range', lastKey: -1, step: 1, limit: 0 },
    },
  ],
  getKeys: migrateKeys,
  summary: 'Moves keys to another node',
  since: '2.6.0',
  group: 'generic',
  complexity: 'O(N) for N bytes of values, here and on the other node',
  tips: ['nondeterministic_output'],
  handler: migrate,
};
