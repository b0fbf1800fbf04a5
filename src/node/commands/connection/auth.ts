/**
 * Owns AUTH and HELLO: a connection says who it is. Source: Redis acl.c authCommand, networking.c helloCommand.
 */
import { bulk, EMPTY_ARRAY, error, integer, map, OK } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { redisVersion } from '../../observe/version.ts';
import { setName } from './name.ts';

const WRONG_PASSWORD = error('WRONGPASS invalid username-password pair or user is disabled.');

function authenticate(
  { node, client }: Context,
  argv: readonly string[],
  user: string,
  password: string,
): boolean {
  return node.acl.authenticate(client, user, password, argv[0] as string);
}

function auth(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 3) return SYNTAX_ERROR;
  const [, first, second] = argv as readonly [string, string, string?];
  context.redact(1);
  if (second !== undefined) {
    context.redact(2);
    return authenticate(context, argv, first, second) ? OK : WRONG_PASSWORD;
  }
  if (context.node.acl.defaultUser.nopass) {
    return error(
      'ERR AUTH <password> called without any password configured for the default user. ' +
        'Are you sure your configuration is correct?',
    );
  }
  return authenticate(context, argv, 'default', first) ? OK : WRONG_PASSWORD;
}

function describe(context: Context): Reply {
  const { client, node } = context;
  const fields: [string, string][] = [
    ['server', bulk('redis')],
    ['version', bulk(redisVersion)],
    ['proto', integer(client.resp)],
    ['id', integer(client.id)],
    ['mode', bulk(node.cluster === undefined ? 'standalone' : 'cluster')],
    ['role', bulk(node.replication.role)],
    ['modules', EMPTY_ARRAY],
  ];
  return map(
    fields.flatMap(([name, value]) => [bulk(name), value]),
    client.resp,
  );
}

function hello(context: Context, argv: readonly string[]): Reply {
  const client = context.client;
  let version = client.resp;
  if (argv.length >= 2) {
    const wanted = parseInteger(argv[1] as string);
    if (wanted === undefined) return error('ERR Protocol version is not an integer or out of range');
    if (wanted !== 2 && wanted !== 3) return error('NOPROTO unsupported protocol version');
    version = wanted;
  }
  for (let i = 2; i < argv.length; i++) {
    const option = argv[i] as string;
    const word = option.toUpperCase();
    if (word === 'AUTH' && i + 2 < argv.length) {
      context.redact(i + 1);
      context.redact(i + 2);
      if (!authenticate(context, argv, argv[i + 1] as string, argv[i + 2] as string)) return WRONG_PASSWORD;
      i += 2;
    } else if (word === 'SETNAME' && i + 1 < argv.length) {
      const refusal = setName(client, argv[i + 1] as string);
      if (refusal !== undefined) return refusal;
      i++;
    } else {
      return error(`ERR Syntax error in HELLO option '${option}'`);
    }
  }
  if (!client.authenticated) {
    return error(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> ' +
        'option can be used to authenticate the client and select the RESP protocol version at the same time',
    );
  }
  client.resp = version;
  return describe(context);
}

const flags = ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'sentinel', 'allow_busy'] as const;

export const authRows: readonly CommandRow[] = [
  {
    name: 'auth',
    arity: -2,
    flags,
    categories: ['connection'],
    keySpecs: [],
    summary: 'Authenticates the connection',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(1)',
    handler: auth,
  },
  {
    name: 'hello',
    arity: -1,
    flags,
    categories: ['connection'],
    keySpecs: [],
    summary: 'Chooses the protocol, and authenticates and names the connection if asked',
    since: '6.0.0',
    group: 'connection',
    complexity: 'O(1)',
    handler: hello,
  },
];
