/** Owns ACL CAT, DRYRUN, GENPASS and LOG. Source: Redis acl.c aclCommand. */
import { array, bulk, bulkArray, double, error, integer, map, OK } from '../../../protocol/resp/encode.ts';
import type { RefusedEntry } from '../../acl/log.ts';
import { parseInteger } from '../../command/arguments.ts';
import { aclCategories, categoriesOf } from '../../command/categories.ts';
import { NOT_AN_INTEGER, unknownSubcommand } from '../../command/errors.ts';
import type { Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { wrongArity } from '../../dispatch/gates.ts';

export function categories({ node }: Context, argv: readonly string[]): Reply {
  const [, word, name] = argv;
  if (argv.length > 3) return unknownSubcommand('ACL', word as string);
  if (name === undefined) return bulkArray(aclCategories);
  const category = aclCategories.find((known) => known === name.toLowerCase());
  if (category === undefined) return error(`ERR Unknown category '${name.slice(0, 128)}'`);
  const commands = node.commands.rows.flatMap((row) => [row, ...(row.subcommands ?? [])]);
  return bulkArray(
    commands.filter((command) => categoriesOf(command).includes(category)).map(({ fullName }) => fullName),
  );
}

export function dryRun({ node }: Context, argv: readonly string[]): Reply {
  const [, , name, ...call] = argv as [string, string, string, ...string[]];
  const user = node.acl.user(name);
  if (user === undefined) return error(`ERR User '${name}' not found`);
  const command = node.commands.lookup(call);
  if (command === undefined) return error(`ERR Command '${call[0]}' not found`);
  if (wrongArity(command, call.length))
    return error(`ERR wrong number of arguments for '${command.fullName}' command`);
  const denial = user.denial(command, call);
  if (denial === undefined) return OK;
  if (denial.reason === 'command')
    return bulk(`This user has no permissions to run the '${command.fullName}' command`);
  return bulk(`This user has no permissions to access the '${call[denial.index]}' ${denial.reason}`);
}

const MAX_PASSWORD_BITS = 4096;

export function generatePassword({ node }: Context, argv: readonly string[]): Reply {
  if (argv.length > 3) return unknownSubcommand('ACL', argv[1] as string);
  const bits = argv[2] === undefined ? 256 : parseInteger(argv[2]);
  if (bits === undefined) return NOT_AN_INTEGER;
  if (bits <= 0 || bits > MAX_PASSWORD_BITS)
    return error(
      'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to ' +
        String(MAX_PASSWORD_BITS),
    );
  return bulk(node.random.hex(Math.ceil(bits / 4)));
}

export function log(context: Context, argv: readonly string[]): Reply {
  const { node, nowMs } = context;
  if (argv.length > 3) return unknownSubcommand('ACL', argv[1] as string);
  if (argv[2]?.toLowerCase() === 'reset') {
    node.acl.log.clear();
    return OK;
  }
  const count = argv[2] === undefined ? 10 : parseInteger(argv[2]);
  if (count === undefined) return NOT_AN_INTEGER;
  const entries = node.acl.log.latest(Math.max(0, count));
  return array(entries.map((entry) => describeEntry(entry, nowMs, context.resp)));
}

function describeEntry(entry: RefusedEntry, nowMs: number, resp: Context['resp']): string {
  const fields = [
    ...[bulk('count'), integer(entry.count)],
    ...[bulk('reason'), bulk(entry.reason)],
    ...[bulk('context'), bulk(entry.context)],
    ...[bulk('object'), bulk(entry.object)],
    ...[bulk('username'), bulk(entry.username)],
    ...[bulk('age-seconds'), double((nowMs - entry.timeMs) / 1000, resp)],
    ...[bulk('client-info'), bulk(entry.clientInfo)],
  ];
  return map(fields, resp);
}
