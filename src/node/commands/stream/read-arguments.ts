/** Owns the arguments of XREAD and XREADGROUP. Source: Redis t_stream.c xreadCommand. */
import { error } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import type { Context } from '../../dispatch/context.ts';
import { parseTimeoutMs } from '../timeout.ts';
import type { Reader } from './deliver.ts';

const UNBALANCED = error(
  "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
);
const GROUP_NOT_HERE = error(
  'ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.',
);
const NOACK_NOT_HERE = error(
  'ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.',
);
const NO_GROUP = error('ERR Missing GROUP option for XREADGROUP');

export interface ReadArguments {
  readonly keys: readonly string[];
  /** Where to begin, one for each key, as given. */
  readonly positions: readonly string[];
  /** Entries of each stream at most; 0 for all. */
  readonly count: number;
  /** Undefined when it does not wait. */
  readonly blockMs: number | undefined;
  /** With XREADGROUP. */
  readonly reader: Reader | undefined;
}

/** The encoded error where they are wrong. */
export function parseReadArguments(
  { client }: Context,
  argv: readonly string[],
  hasGroup: boolean,
): ReadArguments | string {
  let count = 0;
  let blockMs: number | undefined;
  let names: readonly [group: string, consumer: string] | undefined;
  let acknowledges = false;
  let firstKey = 0;
  for (let at = 1; at < argv.length && firstKey === 0; at++) {
    const word = argv[at]?.toLowerCase();
    const more = argv.length - at - 1;
    if (word === 'block' && more > 0) {
      if (client.isScript)
        return error(`ERR ${argv[0]} command is not allowed with BLOCK option from scripts`);
      const timeoutMs = parseTimeoutMs(argv[++at] as string);
      if (typeof timeoutMs === 'string') return timeoutMs;
      blockMs = timeoutMs;
    } else if (word === 'count' && more > 0) {
      const given = parseInteger(argv[++at] as string);
      if (given === undefined) return NOT_AN_INTEGER;
      count = Math.max(0, given);
    } else if (word === 'streams' && more > 0) {
      if (more % 2 === 1) return UNBALANCED;
      firstKey = at + 1;
    } else if (word === 'group' && more > 1) {
      if (!hasGroup) return GROUP_NOT_HERE;
      names = [argv[at + 1] as string, argv[at + 2] as string];
      at += 2;
    } else if (word === 'noack') {
      if (!hasGroup) return NOACK_NOT_HERE;
      acknowledges = true;
    } else return SYNTAX_ERROR;
  }
  if (firstKey === 0) return SYNTAX_ERROR;
  if (hasGroup && names === undefined) return NO_GROUP;
  const middle = (firstKey + argv.length) / 2;
  return {
    keys: argv.slice(firstKey, middle),
    positions: argv.slice(middle),
    count,
    blockMs,
    reader: names && { group: names[0], consumer: names[1], acknowledges },
  };
}
