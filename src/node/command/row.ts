/**
 * Owns what a command is: one row a command. COMMAND and its subcommands, arity errors, redirections, MULTI and
 * replication all derive from the rows. Source: Redis 7.0 src/commands/*.json, server.h struct redisCommand.
 */
import type { Context } from '../dispatch/context.ts';
import type { NodeParts } from '../parts/node.ts';

/** As COMMAND INFO shows them. */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'asking'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'no_mandatory_keys'
  | 'no_async_loading'
  | 'no_multi'
  | 'allow_busy'
  | 'movablekeys'
  /** May meet any expired key (SCAN): their deletions go out one by one, not as a transaction. Not shown. */
  | 'touches_arbitrary_keys'
  /** Needs its own enable- directive (DEBUG). Not shown. */
  | 'protected'
  /** Exists in sentinel mode too. Not shown. */
  | 'sentinel';

/** Without the '@'. The implied ones (read, write, admin, dangerous, fast, slow ...) are derived from flags. */
export type AclCategory =
  | 'keyspace'
  | 'read'
  | 'write'
  | 'set'
  | 'sortedset'
  | 'list'
  | 'hash'
  | 'string'
  | 'bitmap'
  | 'hyperloglog'
  | 'geo'
  | 'stream'
  | 'pubsub'
  | 'admin'
  | 'fast'
  | 'slow'
  | 'blocking'
  | 'dangerous'
  | 'connection'
  | 'transaction'
  | 'scripting';

export type KeySpecFlag =
  | 'RO'
  | 'RW'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key'
  | 'incomplete'
  | 'variable_flags';

/** Where a command's keys are. Source: Redis "Command key specifications". */
export interface KeySpec {
  readonly flags: readonly KeySpecFlag[];
  readonly notes?: string;
  readonly begin:
    | { readonly type: 'index'; readonly index: number }
    | { readonly type: 'keyword'; readonly keyword: string; readonly startFrom: number }
    | { readonly type: 'unknown' };
  readonly find:
    | { readonly type: 'range'; readonly lastKey: number; readonly step: number; readonly limit: number }
    | {
        readonly type: 'keynum';
        readonly keyNumIndex: number;
        readonly firstKey: number;
        readonly step: number;
      }
    | { readonly type: 'unknown' };
}

/** One key of a command: its index in argv, and what is done with it. */
export interface KeyReference {
  readonly index: number;
  readonly flags: readonly KeySpecFlag[];
}

/** The client gets its reply later, through `client.resume`; until then its next requests wait. */
export const BLOCKED = Symbol('blocked');
/** No reply at all (SUBSCRIBE wrote its own, a replica's REPLCONF ACK wants none). */
export const NO_REPLY = Symbol('no reply');

/** An encoded reply (protocol/resp/encode.ts). */
export type Reply = string | typeof BLOCKED | typeof NO_REPLY;

/**
 * Runs one command. Synchronous: that is what makes a command atomic. `argv[0]` is the command's name as it was
 * sent; every argument is a latin1 string, one character a byte. Arity is already checked.
 */
export type Handler = (context: Context, argv: readonly string[]) => Reply;

export interface CommandRow {
  /** Lower case; a subcommand's own word only ("meet"). */
  readonly name: string;
  /** Number of words with the name; negative: at least. A subcommand counts both names. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** Categories beyond those that flags imply. */
  readonly categories: readonly AclCategory[];
  readonly keySpecs: readonly KeySpec[];
  /** Keys where key specs do not tell (MIGRATE, SORT), or not what is done with them (SET with GET). */
  readonly getKeys?: (argv: readonly string[]) => readonly (number | KeyReference)[];
  /** The flags of a call with these arguments (bits of table.ts), where they depend on them: a script tells its own. */
  readonly bitsOf?: (node: NodeParts, argv: readonly string[], bits: number) => number;
  readonly summary: string;
  readonly since: string;
  readonly group: string;
  readonly complexity?: string;
  readonly tips?: readonly string[];
  /** Absent on a container that only has subcommands. */
  readonly handler?: Handler;
  readonly subcommands?: readonly CommandRow[];
}

/** As many keys as the number at `index` says, behind it. */
export function countedKeys(flags: readonly KeySpecFlag[], index: number): KeySpec {
  const find = { type: 'keynum', keyNumIndex: 0, firstKey: 1, step: 1 } as const;
  return { flags, begin: { type: 'index', index }, find };
}

/** One key, or a run of keys, at fixed places: the usual case. */
export function keys(flags: readonly KeySpecFlag[], index = 1, lastKey = 0, step = 1, limit = 0): KeySpec {
  return { flags, begin: { type: 'index', index }, find: { type: 'range', lastKey, step, limit } };
}
