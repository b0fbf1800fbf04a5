/** Owns COMMAND and its subcommands. Source: Redis server.c commandCommand, commandListCommand, getKeysSubcommandImpl. */
import { array, bulk, bulkArray, error, integer, map, nullBulk } from '../../../protocol/resp/encode.ts';
import { aclCategories, categoriesOf } from '../../command/categories.ts';
import { infoReply, keyFlagsReply } from '../../command/describe.ts';
import { docsReply } from '../../command/docs.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import { keyReferences } from '../../command/keys.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import { type Command, flagBits } from '../../command/table.ts';
import type { Context } from '../../dispatch/context.ts';
import { globMatches } from '../../keyspace/glob.ts';

const help = [
  '(no subcommand)',
  '    Return details about all Redis commands.',
  'COUNT',
  '    Return the total number of commands in this Redis server.',
  'LIST',
  '    Return a list of all commands in this Redis server.',
  'INFO [<command-name> ...]',
  '    Return details about multiple Redis commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'DOCS [<command-name> ...]',
  '    Return documentation details about multiple Redis commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'GETKEYS <full-command>',
  '    Return the keys from a full Redis command.',
  'GETKEYSANDFLAGS <full-command>',
  '    Return the keys and the access flags from a full Redis command.',
];

function all({ node, resp }: Context): Reply {
  return array(node.commands.rows.map((command) => infoReply(command, resp)));
}

function info(context: Context, argv: readonly string[]): Reply {
  if (argv.length === 2) return all(context);
  const { node, resp } = context;
  return array(
    argv.slice(2).map((name) => {
      const command = node.commands.find(name);
      return command === undefined ? nullBulk(resp) : infoReply(command, resp);
    }),
  );
}

function docs({ node, resp }: Context, argv: readonly string[]): Reply {
  const commands =
    argv.length === 2 ? node.commands.rows : argv.slice(2).flatMap((name) => node.commands.find(name) ?? []);
  return map(
    commands.flatMap((command) => [bulk(command.fullName), docsReply(command, resp)]),
    resp,
  );
}

function list({ node }: Context, argv: readonly string[]): Reply {
  const every = node.commands.rows.flatMap((command) => [command, ...(command.subcommands ?? [])]);
  const names = (commands: readonly Command[]): Reply => bulkArray(commands.map(({ fullName }) => fullName));
  if (argv.length === 2) return names(every);
  const [, , word, filter, value] = argv;
  if (argv.length !== 5 || word?.toLowerCase() !== 'filterby' || value === undefined) return SYNTAX_ERROR;
  switch (filter?.toLowerCase()) {
    case 'module':
      return names([]);
    case 'aclcat': {
      const category = aclCategories.find((known) => known === value.toLowerCase());
      return names(
        every.filter((command) => category !== undefined && categoriesOf(command).includes(category)),
      );
    }
    case 'pattern':
      return names(every.filter(({ fullName }) => globMatches(value, fullName, true)));
    default:
      return SYNTAX_ERROR;
  }
}

function getKeys(context: Context, argv: readonly string[], withFlags: boolean): Reply {
  const request = argv.slice(2);
  const command = context.node.commands.lookup(request);
  if (command === undefined) return error('ERR Invalid command specified');
  const mayHaveKeys =
    command.getKeys !== undefined || command.keySpecs.some((spec) => !spec.flags.includes('not_key'));
  if (!mayHaveKeys) return error('ERR The command has no key arguments');
  const { arity } = command;
  if (arity > 0 ? arity !== request.length : request.length < -arity)
    return error('ERR Invalid number of arguments specified for command');
  const references = keyReferences(command, request);
  if (references.length === 0 && (command.bits & flagBits.no_mandatory_keys) === 0)
    return error('ERR Invalid arguments specified for command');
  return array(
    references.map(({ index, flags }) => {
      const key = bulk(request[index] as string);
      return withFlags ? array([key, keyFlagsReply(flags, context.resp)]) : key;
    }),
  );
}

const common = {
  flags: ['loading', 'stale'],
  categories: ['connection'],
  keySpecs: [],
  group: 'server',
} as const;

export const commandRow: CommandRow = {
  ...common,
  name: 'command',
  arity: -1,
  flags: ['loading', 'stale', 'sentinel'],
  summary: 'Tells about all commands',
  since: '2.8.13',
  complexity: 'O(N) where N is the total number of Redis commands',
  tips: ['nondeterministic_output_order'],
  handler: all,
  subcommands: [
    {
      ...common,
      name: 'count',
      arity: 2,
      summary: 'Counts the commands',
      since: '2.8.13',
      complexity: 'O(1)',
      handler: ({ node }) => integer(node.commands.rows.length),
    },
    {
      ...common,
      name: 'docs',
      arity: -2,
      summary: 'What commands are for',
      since: '7.0.0',
      complexity: 'O(N) where N is the number of commands to look up',
      tips: ['nondeterministic_output_order'],
      handler: docs,
    },
    {
      ...common,
      name: 'getkeys',
      arity: -4,
      summary: 'The keys in a request',
      since: '2.8.13',
      complexity: 'O(N) where N is the number of arguments to the command',
      handler: (context, argv) => getKeys(context, argv, false),
    },
    {
      ...common,
      name: 'getkeysandflags',
      arity: -4,
      summary: 'The keys in a request, and what is done with them',
      since: '7.0.0',
      complexity: 'O(N) where N is the number of arguments to the command',
      handler: (context, argv) => getKeys(context, argv, true),
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      summary: 'Tells about the subcommands',
      since: '5.0.0',
      complexity: 'O(1)',
      handler: () => helpReply('COMMAND', help),
    },
    {
      ...common,
      name: 'info',
      arity: -2,
      summary: 'Flags, keys and categories of commands',
      since: '2.8.13',
      complexity: 'O(N) where N is the number of commands to look up',
      tips: ['nondeterministic_output_order'],
      handler: info,
    },
    {
      ...common,
      name: 'list',
      arity: -2,
      summary: 'The names of commands',
      since: '7.0.0',
      complexity: 'O(N) where N is the total number of Redis commands',
      tips: ['nondeterministic_output_order'],
      handler: list,
    },
  ],
};
