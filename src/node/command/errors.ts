/**
 * Owns the error replies that several commands share, already encoded, in Redis's words (server.c createSharedObjects,
 * object.c get*FromObjectOrReply). An error of one command only lives with that command.
 */
import { error } from '../../protocol/resp/encode.ts';

export const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
export const SYNTAX_ERROR = error('ERR syntax error');
export const NO_SUCH_KEY = error('ERR no such key');
export const NOT_AN_INTEGER = error('ERR value is not an integer or out of range');
export const NOT_32_BIT = error('ERR value is out of range, value must between -2147483648 and 2147483647');
export const NEGATIVE_COUNT = error('ERR value is out of range, must be positive');
export const NOT_A_FLOAT = error('ERR value is not a valid float');
export const DB_INDEX_OUT_OF_RANGE = error('ERR DB index is out of range');
export const SAME_OBJECT = error('ERR source and destination objects are the same');
/** What a waiting client is told after CLIENT UNBLOCK ... ERROR. */
export const UNBLOCKED = error('UNBLOCKED client unblocked via CLIENT UNBLOCK');
export const STRING_TOO_LONG = error('ERR string exceeds maximum allowed size (proto-max-bulk-len)');

/** As networking.c addReplyErrorExpireTime. `command` in lower case. */
export function invalidExpireTime(command: string): string {
  return error(`ERR invalid expire time in '${command}' command`);
}

/** `command` in lower case; a subcommand as "object|freq". */
export function wrongArity(command: string): string {
  return error(`ERR wrong number of arguments for '${command}' command`);
}

/** `container` in upper case, `subcommand` as it was sent. Source: networking.c addReplySubcommandSyntaxError. */
export function unknownSubcommand(container: string, subcommand: string): string {
  return error(
    `ERR unknown subcommand or wrong number of arguments for '${subcommand.slice(0, 128)}'. Try ${container} HELP.`,
  );
}
