/** Owns HRANDFIELD. Source: Redis t_hash.c hrandfieldCommand. */
import { array, bulk, bulkArray, EMPTY_ARRAY, nullBulk } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { hashType } from '../../types/hash/row.ts';
import { collectionToRead } from '../collection.ts';
import { chooseElements, OUT_OF_RANGE, parseCount } from '../random-elements.ts';

/** With values, each takes two places of the reply. */
const MAX_COUNT_WITH_VALUES = 2 ** 62;

function hrandfield(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 2) return several(context, argv);
  const hash = collectionToRead(context, argv[1] as string, hashType);
  if (hash === undefined) return nullBulk(context.resp);
  if (typeof hash === 'string') return hash;
  return bulk(hash.fieldSampler(context.node.random)());
}

function several(context: Context, argv: readonly string[]): Reply {
  const count = parseCount(argv[2] as string);
  if (typeof count === 'string') return count;
  const withValues = argv.length === 4 && argv[3]?.toLowerCase() === 'withvalues';
  if (argv.length > 3 && !withValues) return SYNTAX_ERROR;
  if (withValues && Math.abs(count) >= MAX_COUNT_WITH_VALUES) return OUT_OF_RANGE;
  const hash = collectionToRead(context, argv[1] as string, hashType);
  if (hash === undefined) return EMPTY_ARRAY;
  if (typeof hash === 'string') return hash;
  const { random } = context.node;
  const choices = { size: hash.size, all: () => hash.fields(), pick: hash.fieldSampler(random) };
  const chosen = chooseElements(choices, count, random);
  if (typeof chosen === 'string') return chosen;
  if (!withValues) return bulkArray(chosen);
  const pair = (field: string): string[] => [bulk(field), bulk(hash.get(field) ?? '')];
  return array(context.resp === 2 ? chosen.flatMap(pair) : chosen.map((field) => array(pair(field))));
}

export const randomRows: readonly CommandRow[] = [
  {
    name: 'hrandfield',
    arity: -2,
    flags: ['readonly'],
    categories: ['hash'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns fields of a hash at random',
    since: '6.2.0',
    group: 'hash',
    complexity: 'O(N) for N fields',
    tips: ['nondeterministic_output'],
    handler: hrandfield,
  },
];
