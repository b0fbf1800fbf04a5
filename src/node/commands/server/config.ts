/** Owns CONFIG. Source: Redis config.c configGetCommand, configSetCommand, configRewriteCommand, configResetStatCommand. */
import { bulk, error, map, OK } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import { BLOCKED, type CommandRow, type Reply } from '../../command/row.ts';
import { rewriteConfigFile } from '../../config/rewrite.ts';
import { systemErrorText } from '../../config/special.ts';
import type { Context } from '../../dispatch/context.ts';
import { isAllowed } from '../../dispatch/gates.ts';
import type { PortName } from '../../server/listener.ts';

const help = [
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'SET <directive> <value>',
  '    Set the configuration <directive> to <value>.',
  'RESETSTAT',
  '    Reset statistics reported by the INFO command.',
  'REWRITE',
  '    Rewrite the configuration file.',
];

function get({ node, resp }: Context, argv: readonly string[]): Reply {
  const found = node.server.config.matching(argv.slice(2));
  return map(
    found.flatMap(([name, value]) => [bulk(name), bulk(value)]),
    resp,
  );
}

function set(context: Context, argv: readonly string[]): Reply {
  if (argv.length % 2 !== 0) return SYNTAX_ERROR;
  const { node, client } = context;
  const { config } = node.server;
  const pairs: [string, string][] = [];
  for (let i = 2; i < argv.length; i += 2) {
    const name = argv[i] as string;
    if (config.directive(name.toLowerCase())?.sensitive) context.redact(i + 1);
    pairs.push([name, argv[i + 1] as string]);
  }
  const before = pairs.map(
    ([name]) => [name, config.directive(name.toLowerCase()) ? config.text(name.toLowerCase()) : ''] as const,
  );
  if (!context.mayBlock && pairs.some(([name]) => /^(?:port|tls-port|bind)$/i.test(name)))
    return error("ERR CONFIG SET of port, tls-port or bind isn't allowed for DENY BLOCKING client");
  const listening = sockets.map((name) => config.text(name));
  const refusal = config.setAll(pairs, {
    loading: node.loading,
    mayChangeProtected: isAllowed(config.text('enable-protected-configs'), client),
  });
  if (refusal !== undefined) return error(refusal);
  const moved = sockets.filter((name, index) => config.text(name) !== listening[index]);
  return moved.length === 0 ? OK : rebind(context, before, moved);
}

/** Directives that tell where clients find this node. */
const sockets = ['port', 'tls-port', 'bind'] as const;

const isPort = (name: string): name is PortName => name !== 'bind';

/** New ports cannot be had at once, so the client waits; when they cannot be had at all, everything that was set goes back. */
function rebind(
  { node, client }: Context,
  before: readonly (readonly [string, string])[],
  moved: readonly (typeof sockets)[number][],
): Reply {
  const { config, listener } = node.server;
  const [port] = moved.filter(isPort);
  const failure =
    port === undefined
      ? "(possibly related to argument 'bind') - Failed to bind to specified addresses."
      : `(possibly related to argument '${port}') - Unable to listen on this port. Check server logs.`;
  void listener.rebind((moved.includes('bind') ? sockets : moved).filter(isPort)).then((done) => {
    if (!done) {
      for (const [name, value] of before) config.restore(name.toLowerCase(), value);
      node.log('warning', 'Failed applying new configuration. Restoring previous settings.');
    }
    client.resume(done ? OK : error(`ERR CONFIG SET failed ${failure}`));
  });
  return BLOCKED;
}

function rewrite({ node }: Context): Reply {
  const { config } = node.server;
  if (config.file === undefined) return error('ERR The server is running without a config file');
  try {
    rewriteConfigFile(config.file, config, node.acl.configLines(), node.random.hex(6));
  } catch (reason) {
    const why = systemErrorText(reason);
    node.log('warning', `CONFIG REWRITE failed: ${why}`);
    return error(`ERR Rewriting config file: ${why}`);
  }
  node.log('warning', 'CONFIG REWRITE executed with success.');
  return OK;
}

function resetStat({ node }: Context): Reply {
  node.server.stats.reset();
  node.commands.resetStats();
  return OK;
}

const common = {
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: [],
  keySpecs: [],
  group: 'server',
  complexity: 'O(1)',
} as const;

export const configRow: CommandRow = {
  ...common,
  name: 'config',
  arity: -2,
  flags: [],
  summary: 'Commands about the directives of redis.conf',
  since: '2.0.0',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...common,
      name: 'get',
      arity: -3,
      summary: 'The values of directives, by name or pattern',
      since: '2.0.0',
      complexity: 'O(N) when N is the number of configuration parameters provided',
      handler: get,
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      summary: 'Tells about the subcommands',
      since: '5.0.0',
      handler: () => helpReply('CONFIG', help),
    },
    {
      ...common,
      name: 'resetstat',
      arity: 2,
      summary: 'Sets the counters of INFO to zero',
      since: '2.0.0',
      handler: resetStat,
    },
    {
      ...common,
      name: 'rewrite',
      arity: 2,
      summary: 'Writes the values of now into redis.conf',
      since: '2.8.0',
      handler: rewrite,
    },
    {
      ...common,
      name: 'set',
      arity: -4,
      summary: 'Changes directives, all of them or none',
      since: '2.0.0',
      complexity: 'O(N) when N is the number of configuration parameters provided',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: set,
    },
  ],
};
