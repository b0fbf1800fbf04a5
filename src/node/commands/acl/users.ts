/** Owns ACL SETUSER, GETUSER, DELUSER, LIST, USERS, WHOAMI, LOAD and SAVE. Source: Redis acl.c aclCommand. */
import {
  array,
  bulk,
  bulkArray,
  error,
  integer,
  map,
  nullBulk,
  OK,
  set,
} from '../../../protocol/resp/encode.ts';
import { describeChannels, describeCommands, describeKeys, userFlags } from '../../acl/describe.ts';
import { hasSpaces } from '../../acl/rule-texts.ts';
import type { Selector } from '../../acl/selector.ts';
import type { Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

export function setUser(context: Context, argv: readonly string[]): Reply {
  const { node, client } = context;
  for (let i = 2; i < argv.length; i++) context.redact(i);
  const name = argv[2] as string;
  if (hasSpaces(name)) return error("ERR Usernames can't contain spaces or null characters");
  const refusal = node.acl.setUser(name, argv.slice(3), client);
  return refusal === undefined ? OK : error(`ERR ${refusal}`);
}

export function deleteUsers({ node, client }: Context, argv: readonly string[]): Reply {
  const names = argv.slice(2);
  if (names.includes('default')) return error("ERR The 'default' user cannot be removed");
  return integer(node.acl.deleteUsers(names, client));
}

function selectorFields(selector: Selector): string[] {
  return [
    ...[bulk('commands'), bulk(describeCommands(selector.commands))],
    ...[bulk('keys'), bulk(describeKeys(selector))],
    ...[bulk('channels'), bulk(describeChannels(selector))],
  ];
}

export function getUser({ node, resp }: Context, argv: readonly string[]): Reply {
  const user = node.acl.user(argv[2] as string);
  if (user === undefined) return nullBulk(resp);
  const [root, ...others] = user.selectors;
  const fields = [
    ...[bulk('flags'), set(userFlags(user).map(bulk), resp)],
    ...[bulk('passwords'), bulkArray([...user.passwords])],
    ...selectorFields(root),
    ...[bulk('selectors'), array(others.map((selector) => map(selectorFields(selector), resp)))],
  ];
  return map(fields, resp);
}

export function list({ node }: Context): Reply {
  return bulkArray(node.acl.lines());
}

export function names({ node }: Context): Reply {
  return bulkArray(node.acl.users().map(({ name }) => name));
}

export function whoAmI({ client }: Context): Reply {
  return bulk(client.user.name);
}

const NO_FILE = error(
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER ' +
    'command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store ' +
    'users in the Redis configuration.',
);

export function load({ node, client }: Context): Reply {
  if (node.config.text('aclfile') === '') return NO_FILE;
  const refusal = node.acl.load(client);
  return refusal === undefined ? OK : error(`ERR ${refusal}`);
}

export function save({ node }: Context): Reply {
  if (node.config.text('aclfile') === '') return NO_FILE;
  return node.acl.save()
    ? OK
    : error(
        'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
      );
}
