/**
 * Owns the arguments of LMPOP, ZMPOP and their blocking forms: "numkeys key [key ...] END [COUNT count]". Source: Redis
 * t_list.c lmpopGenericCommand, t_zset.c zmpopGenericCommand.
 */
import { error } from '../../protocol/resp/encode.ts';
import { parseAtLeast } from '../command/arguments.ts';
import { SYNTAX_ERROR } from '../command/errors.ts';

const TOO_FEW_KEYS = error('ERR numkeys should be greater than 0');
const TOO_SMALL_COUNT = error('ERR count should be greater than 0');

export interface MultiPop<End> {
  readonly keys: readonly string[];
  readonly end: End;
  readonly count: number;
}

/** What begins with the number of keys at argv[first], or the error reply. `endOf` knows the words for the ends. */
export function parseMultiPop<End>(
  argv: readonly string[],
  first: number,
  endOf: (word: string) => End | undefined,
): MultiPop<End> | string {
  const keyCount = parseAtLeast(argv[first] as string, 1, TOO_FEW_KEYS);
  if (typeof keyCount === 'string') return keyCount;
  const endAt = first + 1 + keyCount;
  const end = endOf(argv[endAt] ?? '');
  if (end === undefined) return SYNTAX_ERROR;
  const keys = argv.slice(first + 1, endAt);
  const options = argv.slice(endAt + 1);
  if (options.length === 0) return { keys, end, count: 1 };
  const [word = '', countText] = options;
  if (word.toUpperCase() !== 'COUNT' || countText === undefined) return SYNTAX_ERROR;
  const count = parseAtLeast(countText, 1, TOO_SMALL_COUNT);
  if (typeof count === 'string') return count;
  return options.length === 2 ? { keys, end, count } : SYNTAX_ERROR;
}
