/** Owns what is said of a rule that cannot be. Source: Redis acl.c ACLSetUserStringError. */

export const UNKNOWN_COMMAND = 'Unknown command or category name in ACL';
export const SYNTAX = 'Syntax error';
export const KEYS_ARE_ALL =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. " +
  "Try 'resetkeys' to start with an empty list of patterns";
export const CHANNELS_ARE_ALL =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. " +
  "Try 'resetchannels' to start with an empty list of channels";
export const NO_SUCH_PASSWORD = 'The password you are trying to remove from the user does not exist';
export const BAD_HASH =
  'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters';
export const DUPLICATE_USER = 'Duplicate user found. A user can only be defined once in config files';
export const FIRST_ARGUMENT_OF_SUBCOMMAND = 'Allowing first-arg of a subcommand is not supported';

/** Names and patterns stand between spaces where they are kept. Source: acl.c ACLStringHasSpaces. */
export function hasSpaces(text: string): boolean {
  return /[\0\t-\r ]/.test(text);
}
