/**
 * Owns MODULE: there are no modules, and none can be loaded, for they are libraries in machine code that call a redis-server.
 * Source: Redis module.c moduleCommand.
 */
import { EMPTY_ARRAY, error } from '../../../protocol/resp/encode.ts';
import { helpReply } from '../../command/help.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

const NOT_LOADED = error('ERR Error loading the extension. Please check the server logs.');
const NOT_THERE = error('ERR Error unloading module: no such module with that name');

const help = [
  'LIST',
  '    Return a list of loaded modules.',
  'LOAD <path> [<arg> ...]',
  '    Load a module library from <path>, passing to it any optional arguments.',
  'LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]',
  '    Load a module library from <path>, while passing it module configurations and optional arguments.',
  'UNLOAD <name>',
  '    Unload a module.',
];

function load({ node }: Context, argv: readonly string[]): Reply {
  node.log('warning', `Module ${argv[2]} failed to load: this node cannot load modules.`);
  return NOT_LOADED;
}

const common = {
  flags: ['no_async_loading', 'admin', 'noscript', 'protected'],
  categories: [],
  keySpecs: [],
  group: 'server',
  since: '4.0.0',
  complexity: 'O(1)',
} as const;

const subcommands: readonly CommandRow[] = [
  {
    ...common,
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since: '5.0.0',
    summary: 'Tells about the subcommands',
    handler: () => helpReply('MODULE', help),
  },
  {
    ...common,
    name: 'list',
    arity: 2,
    flags: ['admin', 'noscript'],
    summary: 'The modules that are loaded: none',
    tips: ['nondeterministic_output_order'],
    handler: () => EMPTY_ARRAY,
  },
  { ...common, name: 'load', arity: -3, summary: 'Refused: this node cannot load modules', handler: load },
  {
    ...common,
    name: 'loadex',
    arity: -3,
    since: '7.0.0',
    summary: 'Refused: this node cannot load modules',
    handler: load,
  },
  { ...common, name: 'unload', arity: 3, summary: 'Refused: no module is loaded', handler: () => NOT_THERE },
];

export const moduleRow: CommandRow = {
  ...common,
  name: 'module',
  arity: -2,
  flags: [],
  summary: 'Commands about modules',
  complexity: 'Depends on subcommand.',
  subcommands,
};
