/** Owns LOLWUT: the version. The pictures of earlier versions are not drawn. Source: Redis lolwut.c lolwutCommand. */
import { verbatim } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { redisVersion } from '../../observe/version.ts';

function lolwut({ resp }: Context, argv: readonly string[]): Reply {
  const version = argv[2];
  const asksVersion = argv[1]?.toLowerCase() === 'version' && version !== undefined;
  if (asksVersion && parseInteger(version) === undefined) return NOT_AN_INTEGER;
  return verbatim(`Redis ver. ${redisVersion}\n`, resp);
}

export const lolwutRow: CommandRow = {
  name: 'lolwut',
  arity: -1,
  flags: ['readonly', 'fast'],
  categories: [],
  keySpecs: [],
  summary: 'Shows the version of Redis whose behaviour this is',
  since: '5.0.0',
  group: 'server',
  handler: lolwut,
};
