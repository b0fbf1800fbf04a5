/** Owns the options of SORT, and where its keys are. Source: Redis sort.c sortCommandGeneric, db.c sortGetKeys. */
import { error } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import type { KeyReference } from '../../command/row.ts';

/** Why patterns may not be used: they name keys that nobody has looked at. */
export type PatternsDenied = 'in Cluster mode' | 'due to insufficient ACL permissions';

function denial(option: 'BY' | 'GET', why: PatternsDenied): string {
  return error(`ERR ${option} option of SORT denied ${why}.`);
}

export interface SortOptions {
  descending: boolean;
  alpha: boolean;
  /** As given: negative numbers count too. A negative limit is none. */
  offset: number;
  limit: number;
  /** The pattern of the keys whose values are compared; undefined: the elements themselves. */
  by: string | undefined;
  /** BY was given without a '*': the order stays as it is. */
  unsorted: boolean;
  /** The patterns of what is given for each element; none: the element itself. */
  readonly gets: string[];
  store: string | undefined;
}

/** The options of `argv`, from its third word on, or the error reply. */
export function parseSortOptions(
  argv: readonly string[],
  denied: PatternsDenied | undefined,
  readonly: boolean,
): SortOptions | string {
  const options: SortOptions = {
    descending: false,
    alpha: false,
    offset: 0,
    limit: -1,
    by: undefined,
    unsorted: false,
    gets: [],
    store: undefined,
  };
  for (let at = 2; at < argv.length; ) {
    const taken = takeOption(options, argv, at, denied, readonly);
    if (typeof taken === 'string') return taken;
    at += taken;
  }
  return options;
}

/** How many words the option at `at` has, or the error reply. */
function takeOption(
  options: SortOptions,
  argv: readonly string[],
  at: number,
  denied: PatternsDenied | undefined,
  readonly: boolean,
): number | string {
  const word = (argv[at] as string).toLowerCase();
  const first = argv[at + 1];
  const second = argv[at + 2];
  if (word === 'asc' || word === 'desc') {
    options.descending = word === 'desc';
    return 1;
  }
  if (word === 'alpha') {
    options.alpha = true;
    return 1;
  }
  if (first === undefined) return SYNTAX_ERROR;
  if (word === 'limit' && second !== undefined) {
    const offset = parseInteger(first);
    const limit = parseInteger(second);
    if (offset === undefined || limit === undefined) return NOT_AN_INTEGER;
    options.offset = offset;
    options.limit = limit;
    return 3;
  }
  if (word === 'store' && !readonly) {
    options.store = first;
    return 2;
  }
  if (word === 'by') {
    options.by = first;
    if (!first.includes('*')) options.unsorted = true;
    else if (denied !== undefined) return denial('BY', denied);
    return 2;
  }
  if (word === 'get') {
    if (denied !== undefined) return denial('GET', denied);
    options.gets.push(first);
    return 2;
  }
  return SYNTAX_ERROR;
}

const wordsBehind: Readonly<Record<string, number>> = { limit: 2, get: 1, by: 1 };

/** The key that is sorted, and where the result goes: the last STORE counts. */
export function sortKeys(argv: readonly string[]): KeyReference[] {
  let store = 0;
  for (let i = 2; i < argv.length; i++) {
    const word = (argv[i] as string).toLowerCase();
    if (word === 'store' && i + 1 < argv.length) store = i + 1;
    i += wordsBehind[word] ?? 0;
  }
  const sorted: KeyReference = { index: 1, flags: ['RO', 'access'] };
  return store === 0 ? [sorted] : [sorted, { index: store, flags: ['OW', 'update'] }];
}
