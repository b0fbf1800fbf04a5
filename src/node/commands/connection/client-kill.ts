/** Owns CLIENT KILL, in its old form (an address) and its new one (filters). Source: Redis networking.c clientCommand. */
import { error, integer, OK } from '../../../protocol/resp/encode.ts';
import type { User } from '../../acl/user.ts';
import { parseInteger } from '../../command/arguments.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import type { Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Session } from '../../dispatch/session.ts';

interface Filter {
  address?: string;
  localAddress?: string;
  id?: number;
  kind?: Session['kind'];
  user?: User | undefined;
  skipMe: boolean;
}

export function parseClientType(text: string): Session['kind'] | undefined {
  const word = text.toLowerCase();
  if (word === 'slave') return 'replica';
  return (['normal', 'replica', 'pubsub', 'master'] as const).find((kind) => kind === word);
}

/** The filters of the new form; an error reply when they are wrong. */
function parseFilter({ node }: Context, argv: readonly string[]): Filter | string {
  const filter: Filter = { skipMe: true };
  for (let i = 2; i < argv.length; i += 2) {
    const value = argv[i + 1];
    if (value === undefined) return SYNTAX_ERROR;
    switch ((argv[i] as string).toLowerCase()) {
      case 'id': {
        const id = parseInteger(value);
        if (id === undefined || id < 1) return error('ERR client-id should be greater than 0');
        filter.id = id;
        break;
      }
      case 'type': {
        const kind = parseClientType(value);
        if (kind === undefined) return error(`ERR Unknown client type '${value}'`);
        filter.kind = kind;
        break;
      }
      case 'addr':
        filter.address = value;
        break;
      case 'laddr':
        filter.localAddress = value;
        break;
      case 'user':
        filter.user = node.acl.user(value);
        if (filter.user === undefined) return error(`ERR No such user '${value}'`);
        break;
      case 'skipme': {
        const word = value.toLowerCase();
        if (word !== 'yes' && word !== 'no') return SYNTAX_ERROR;
        filter.skipMe = word === 'yes';
        break;
      }
      default:
        return SYNTAX_ERROR;
    }
  }
  return filter;
}

function matches(client: Session, filter: Filter): boolean {
  return (
    (filter.address === undefined || client.address === filter.address) &&
    (filter.localAddress === undefined || client.localAddress === filter.localAddress) &&
    (filter.user === undefined || client.user === filter.user) &&
    (filter.kind === undefined || client.kind === filter.kind) &&
    (filter.id === undefined || client.id === filter.id)
  );
}

export function kill(context: Context, argv: readonly string[]): Reply {
  const oldForm = argv.length === 3;
  const filter = oldForm ? { address: argv[2] as string, skipMe: false } : parseFilter(context, argv);
  if (typeof filter === 'string') return filter;
  let killed = 0;
  for (const client of [...context.node.clients.listed()]) {
    if (!matches(client, filter)) continue;
    if (client !== context.client) client.destroy();
    else if (filter.skipMe) continue;
    // Its own reply still reaches it.
    else client.end();
    killed++;
  }
  if (!oldForm) return integer(killed);
  return killed === 0 ? error('ERR No such client') : OK;
}
