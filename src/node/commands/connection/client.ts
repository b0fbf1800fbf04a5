/** Owns CLIENT: what it tells about connections and changes of the own one. Source: Redis networking.c clientCommand. */
import { bulkOrNull, error, integer, OK, ONE, verbatim, ZERO } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, unknownSubcommand } from '../../command/errors.ts';
import { helpReply } from '../../command/help.ts';
import { type CommandRow, NO_REPLY, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Session } from '../../dispatch/session.ts';
import { describeClient } from '../../server/describe.ts';
import { kill, parseClientType } from './client-kill.ts';
import { pause, unpause } from './client-pause.ts';
import { clientTrackingRows } from './client-tracking.ts';
import { setName } from './name.ts';

const help = [
  'CACHING (YES|NO)',
  '    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.',
  'GETREDIR',
  '    Return the client ID we are redirecting to when tracking is enabled.',
  'GETNAME',
  '    Return the name of the current connection.',
  'ID',
  '    Return the ID of the current connection.',
  'INFO',
  '    Return information about the current client connection.',
  'KILL <ip:port>',
  '    Kill connection made from <ip:port>.',
  'KILL <option> <value> [<option> <value> [...]]',
  '    Kill connections. Options are:',
  '    * ADDR (<ip:port>|<unixsocket>:0)',
  '      Kill connections made from the specified address',
  '    * LADDR (<ip:port>|<unixsocket>:0)',
  '      Kill connections made to specified local address',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Kill connections by type.',
  '    * USER <username>',
  '      Kill connections authenticated by <username>.',
  '    * SKIPME (YES|NO)',
  '      Skip killing current connection (default: yes).',
  'LIST [options ...]',
  '    Return information about client connections. Options:',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Return clients of specified type.',
  'UNPAUSE',
  '    Stop the current client pause, resuming traffic.',
  'PAUSE <timeout> [WRITE|ALL]',
  '    Suspend all, or just write, clients for <timeout> milliseconds.',
  'REPLY (ON|OFF|SKIP)',
  '    Control the replies sent to the current connection.',
  'SETNAME <name>',
  '    Assign the name <name> to the current connection.',
  'UNBLOCK <clientid> [TIMEOUT|ERROR]',
  '    Unblock the specified blocked client.',
  'TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]',
  '         [OPTIN] [OPTOUT] [NOLOOP]',
  '    Control server assisted client side caching.',
  'TRACKINGINFO',
  '    Report tracking status for the current connection.',
  'NO-EVICT (ON|OFF)',
  '    Protect current client connection from eviction.',
];

function list(context: Context, argv: readonly string[]): Reply {
  const { clients } = context.node;
  let shown: Iterable<Session> = clients.listed();
  const option = argv[2]?.toLowerCase();
  if (argv.length === 4 && option === 'type') {
    const type = parseClientType(argv[3] as string);
    if (type === undefined) return error(`ERR Unknown client type '${argv[3]}'`);
    shown = [...clients.listed()].filter((client) => client.kind === type);
  } else if (argv.length > 3 && option === 'id') {
    const found: Session[] = [];
    for (const text of argv.slice(3)) {
      const id = parseInteger(text);
      if (id === undefined) return error('ERR Invalid client ID');
      const client = clients.byId(id);
      if (client) found.push(client);
    }
    shown = found;
  } else if (argv.length !== 2) {
    return SYNTAX_ERROR;
  }
  let text = '';
  for (const client of shown) text += `${describeClient(client, context.nowMs)}\n`;
  return verbatim(text, context.resp);
}

function reply(context: Context, argv: readonly string[]): Reply {
  const client = context.client;
  switch (argv[2]?.toLowerCase()) {
    case 'on':
      client.replyMode = 'on';
      return OK;
    case 'off':
      client.replyMode = 'off';
      return NO_REPLY;
    case 'skip':
      if (client.replyMode !== 'off') client.replyMode = 'skip next';
      return NO_REPLY;
    default:
      return SYNTAX_ERROR;
  }
}

function noEvict(context: Context, argv: readonly string[]): Reply {
  const word = argv[2]?.toLowerCase();
  if (word !== 'on' && word !== 'off') return SYNTAX_ERROR;
  context.client.noEvict = word === 'on';
  return OK;
}

function unblock(context: Context, argv: readonly string[]): Reply {
  const reason = argv[3]?.toLowerCase() ?? 'timeout';
  if (argv.length > 4) return unknownSubcommand('CLIENT', argv[1] as string);
  if (reason !== 'timeout' && reason !== 'error')
    return error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  const id = parseInteger(argv[2] as string);
  if (id === undefined) return NOT_AN_INTEGER;
  const target = context.node.clients.byId(id);
  return target !== undefined && context.node.dispatch.endWait(target, reason === 'error') ? ONE : ZERO;
}

const open = ['noscript', 'loading', 'stale', 'sentinel'] as const;
const admin = ['admin', 'noscript', 'loading', 'stale', 'sentinel'] as const;
const common = {
  categories: ['connection'],
  keySpecs: [],
  group: 'connection',
  complexity: 'O(1)',
  flags: open,
} as const;
const overClients = 'O(N) for N client connections';

export const clientRow: CommandRow = {
  ...common,
  name: 'client',
  arity: -2,
  flags: ['sentinel'],
  categories: [],
  summary: 'Commands about connections',
  since: '2.4.0',
  complexity: 'Depends on subcommand.',
  subcommands: [
    ...clientTrackingRows,
    {
      ...common,
      name: 'getname',
      arity: 2,
      summary: 'The name of this connection',
      since: '2.6.9',
      handler: ({ client, resp }) => bulkOrNull(client.name === '' ? undefined : client.name, resp),
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale', 'sentinel'],
      summary: 'Tells about the subcommands',
      since: '5.0.0',
      handler: () => helpReply('CLIENT', help),
    },
    {
      ...common,
      name: 'id',
      arity: 2,
      summary: 'The id of this connection',
      since: '5.0.0',
      handler: ({ client }) => integer(client.id),
    },
    {
      ...common,
      name: 'info',
      arity: 2,
      summary: 'Tells about this connection',
      since: '6.2.0',
      tips: ['nondeterministic_output'],
      handler: ({ client, nowMs, resp }) => verbatim(`${describeClient(client, nowMs)}\n`, resp),
    },
    {
      ...common,
      name: 'kill',
      arity: -3,
      flags: admin,
      summary: 'Ends connections',
      since: '2.4.0',
      complexity: overClients,
      handler: kill,
    },
    {
      ...common,
      name: 'list',
      arity: -2,
      flags: admin,
      summary: 'Tells about all connections',
      since: '2.4.0',
      complexity: overClients,
      tips: ['nondeterministic_output'],
      handler: list,
    },
    {
      ...common,
      name: 'no-evict',
      arity: 3,
      flags: admin,
      summary: 'Keeps this connection when memory for clients runs out',
      since: '7.0.0',
      handler: noEvict,
    },
    {
      ...common,
      name: 'pause',
      arity: -3,
      flags: admin,
      summary: 'Holds back commands of clients for some time',
      since: '2.9.50',
      handler: pause,
    },
    {
      ...common,
      name: 'reply',
      arity: 3,
      summary: 'Chooses whether this connection gets replies',
      since: '3.2.0',
      handler: reply,
    },
    {
      ...common,
      name: 'setname',
      arity: 3,
      summary: 'Names this connection',
      since: '2.6.9',
      handler: ({ client }, argv) => setName(client, argv[2] as string) ?? OK,
    },
    {
      ...common,
      name: 'unblock',
      arity: -3,
      flags: admin,
      summary: 'Ends the waiting of another connection',
      since: '5.0.0',
      handler: unblock,
    },
    {
      ...common,
      name: 'unpause',
      arity: 2,
      flags: admin,
      summary: 'Ends CLIENT PAUSE',
      since: '6.2.0',
      complexity: 'O(N) for N paused clients',
      handler: unpause,
    },
  ],
};
