/**
 * Owns what COMMAND INFO says of a command, all derived from its row.
 * Source: Redis server.c addReplyCommandInfo, addReplyCommandKeySpecs.
 */
import { array, bulk, integer, type RespVersion, set, simple } from '../../protocol/resp/encode.ts';
import { categoriesOf } from './categories.ts';
import { fields } from './fields.ts';
import { legacyRange } from './legacy-range.ts';
import type { CommandFlag, KeySpec, KeySpecFlag } from './row.ts';
import { type Command, flagBits } from './table.ts';

const hiddenFlags: readonly CommandFlag[] = [
  'may_replicate',
  'protected',
  'sentinel',
  'touches_arbitrary_keys',
];
/** In the order in which Redis shows them. */
const shownFlags: readonly CommandFlag[] = [
  ...(Object.keys(flagBits) as CommandFlag[]).filter(
    (flag) => !hiddenFlags.includes(flag) && flag !== 'movablekeys' && flag !== 'allow_busy',
  ),
  'movablekeys',
  'allow_busy',
];

const keyFlagOrder: readonly KeySpecFlag[] = [
  'RO',
  'RW',
  'OW',
  'RM',
  'access',
  'update',
  'insert',
  'delete',
  'not_key',
  'incomplete',
  'variable_flags',
];

/** The flags of a key, as a set of status replies. */
export function keyFlagsReply(flags: readonly KeySpecFlag[], resp: RespVersion): string {
  return set(keyFlagOrder.filter((flag) => flags.includes(flag)).map(simple), resp);
}

function searchReply(type: string, spec: readonly (readonly [string, string])[], resp: RespVersion): string {
  return fields(
    [
      ['type', bulk(type)],
      ['spec', fields(spec, resp)],
    ],
    resp,
  );
}

function beginReply({ begin }: KeySpec, resp: RespVersion): string {
  if (begin.type === 'index') return searchReply('index', [['index', integer(begin.index)]], resp);
  if (begin.type === 'unknown') return searchReply('unknown', [], resp);
  const spec = [
    ['keyword', bulk(begin.keyword)],
    ['startfrom', integer(begin.startFrom)],
  ] as const;
  return searchReply('keyword', spec, resp);
}

function findReply({ find }: KeySpec, resp: RespVersion): string {
  if (find.type === 'unknown') return searchReply('unknown', [], resp);
  const spec =
    find.type === 'range'
      ? ([
          ['lastkey', integer(find.lastKey)],
          ['keystep', integer(find.step)],
          ['limit', integer(find.limit)],
        ] as const)
      : ([
          ['keynumidx', integer(find.keyNumIndex)],
          ['firstkey', integer(find.firstKey)],
          ['keystep', integer(find.step)],
        ] as const);
  return searchReply(find.type, spec, resp);
}

function keySpecReply(spec: KeySpec, resp: RespVersion): string {
  return fields(
    [
      ...(spec.notes === undefined ? [] : ([['notes', bulk(spec.notes)]] as const)),
      ['flags', keyFlagsReply(spec.flags, resp)],
      ['begin_search', beginReply(spec, resp)],
      ['find_keys', findReply(spec, resp)],
    ],
    resp,
  );
}

/** One command of COMMAND INFO. */
export function infoReply(command: Command, resp: RespVersion): string {
  const range = legacyRange(command);
  const flags = shownFlags.filter((flag) => (command.bits & flagBits[flag]) !== 0);
  return array([
    bulk(command.fullName),
    integer(command.arity),
    set(flags.map(simple), resp),
    integer(range.firstKey),
    integer(range.lastKey),
    integer(range.step),
    set(
      categoriesOf(command).map((category) => simple(`@${category}`)),
      resp,
    ),
    set((command.tips ?? []).map(bulk), resp),
    set(
      command.keySpecs.map((spec) => keySpecReply(spec, resp)),
      resp,
    ),
    command.subcommands === undefined
      ? set([], resp)
      : array(command.subcommands.map((child) => infoReply(child, resp))),
  ]);
}
