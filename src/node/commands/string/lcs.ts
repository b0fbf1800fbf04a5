/**
 * Owns LCS, the longest common subsequence of two strings. Source: Redis t_string.c lcsCommand, whose choice between
 * equally long ones is kept.
 */
import { array, bulk, error, integer, map } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { textOf } from '../../types/string/byte-string.ts';
import { isString } from '../../types/string/string.ts';

const NOT_STRINGS = error('ERR The specified keys must contain string values');
const LEN_AND_IDX = error('ERR If you want both the length and indexes, please just use IDX.');
const TOO_MUCH_MEMORY = error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len');
const CELL_BYTES = 4;

interface LcsOptions {
  length: boolean;
  indexes: boolean;
  withMatchLength: boolean;
  minMatchLength: number;
}

/** Both ends inclusive. */
interface Match {
  readonly aStart: number;
  readonly bStart: number;
  readonly length: number;
}

function parseOptions(argv: readonly string[]): LcsOptions | string {
  const options: LcsOptions = { length: false, indexes: false, withMatchLength: false, minMatchLength: 0 };
  for (let i = 3; i < argv.length; i++) {
    const word = (argv[i] as string).toUpperCase();
    if (word === 'IDX') options.indexes = true;
    else if (word === 'LEN') options.length = true;
    else if (word === 'WITHMATCHLEN') options.withMatchLength = true;
    else if (word === 'MINMATCHLEN' && i + 1 < argv.length) {
      const length = parseInteger(argv[++i] as string);
      if (length === undefined) return NOT_AN_INTEGER;
      options.minMatchLength = Math.max(0, length);
    } else return SYNTAX_ERROR;
  }
  return options.length && options.indexes ? LEN_AND_IDX : options;
}

/** Cell [i, j], at i * (b.length + 1) + j: the length of the longest common subsequence of the first i and j bytes. */
function lengthTable(a: string, b: string): Uint32Array {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    const byte = a.charCodeAt(i - 1);
    for (let j = 1; j <= b.length; j++) {
      const cell = i * width + j;
      table[cell] =
        byte === b.charCodeAt(j - 1)
          ? (table[cell - width - 1] as number) + 1
          : Math.max(table[cell - width] as number, table[cell - 1] as number);
    }
  }
  return table;
}

/** Walks the table from its end: the subsequence, and its runs that are contiguous in both strings, last first. */
function trace(a: string, b: string, table: Uint32Array): { text: string; matches: Match[] } {
  const width = b.length + 1;
  const bytes: string[] = [];
  const matches: Match[] = [];
  let run = 0;
  let i = a.length;
  let j = b.length;
  const endRun = (): void => {
    if (run > 0) matches.push({ aStart: i, bStart: j, length: run });
    run = 0;
  };
  while (i > 0 && j > 0) {
    if (a.charCodeAt(i - 1) === b.charCodeAt(j - 1)) {
      bytes.push(a[i - 1] as string);
      run++;
      i--;
      j--;
      continue;
    }
    endRun();
    if ((table[(i - 1) * width + j] as number) > (table[i * width + j - 1] as number)) i--;
    else j--;
  }
  endRun();
  return { text: bytes.reverse().join(''), matches };
}

function matchReply(match: Match, withLength: boolean): string {
  const range = (start: number): string => array([integer(start), integer(start + match.length - 1)]);
  const items = [range(match.aStart), range(match.bStart)];
  if (withLength) items.push(integer(match.length));
  return array(items);
}

function lcs(context: Context, argv: readonly string[]): Reply {
  const a = context.db.lookupRead(argv[1] as string)?.value ?? '';
  const b = context.db.lookupRead(argv[2] as string)?.value ?? '';
  if (!isString(a) || !isString(b)) return NOT_STRINGS;
  const options = parseOptions(argv);
  if (typeof options === 'string') return options;
  const cells = (a.length + 1) * (b.length + 1);
  if (cells * CELL_BYTES > context.node.config.number('proto-max-bulk-len')) return TOO_MUCH_MEMORY;
  const aText = textOf(a);
  const bText = textOf(b);
  const table = lengthTable(aText, bText);
  const length = integer(table[cells - 1] as number);
  if (options.length) return length;
  const { text, matches } = trace(aText, bText, table);
  if (!options.indexes) return bulk(text);
  const shown = matches.filter((match) => match.length >= options.minMatchLength);
  const ranges = array(shown.map((match) => matchReply(match, options.withMatchLength)));
  return map([bulk('matches'), ranges, bulk('len'), length], context.resp);
}

export const lcsRows: readonly CommandRow[] = [
  {
    name: 'lcs',
    arity: -3,
    flags: ['readonly'],
    categories: ['string'],
    keySpecs: [keys(['RO', 'access'], 1, 1)],
    summary: 'Finds the longest common subsequence of the strings of two keys',
    since: '7.0.0',
    group: 'string',
    complexity: 'O(N*M) for strings of N and M bytes',
    handler: lcs,
  },
];
