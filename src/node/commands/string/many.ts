/** Owns the commands that set several keys. Source: Redis t_string.c msetGenericCommand. */
import { OK, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { wrongArity } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

function setAll(context: Context, argv: readonly string[]): void {
  for (let i = 1; i < argv.length; i += 2) {
    const key = argv[i] as string;
    context.db.set(key, argv[i + 1] as string);
    context.db.notify('$', 'set', key);
  }
}

function mset(context: Context, argv: readonly string[]): Reply {
  if (argv.length % 2 === 0) return wrongArity('mset');
  setAll(context, argv);
  return OK;
}

function msetnx(context: Context, argv: readonly string[]): Reply {
  if (argv.length % 2 === 0) return wrongArity('msetnx');
  for (let i = 1; i < argv.length; i += 2)
    if (context.db.lookupWrite(argv[i] as string) !== undefined) return ZERO;
  setAll(context, argv);
  return ONE;
}

export const manyRows: readonly CommandRow[] = [
  {
    name: 'mset',
    arity: -3,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    keySpecs: [keys(['OW', 'update'], 1, -1, 2)],
    summary: 'Sets several keys to strings at once',
    since: '1.0.1',
    group: 'string',
    complexity: 'O(N) for N keys',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    handler: mset,
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    keySpecs: [keys(['OW', 'insert'], 1, -1, 2)],
    summary: 'Sets several keys to strings at once if none of them exists',
    since: '1.0.1',
    group: 'string',
    complexity: 'O(N) for N keys',
    tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
    handler: msetnx,
  },
];
