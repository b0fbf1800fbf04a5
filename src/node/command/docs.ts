/**
 * Owns what COMMAND DOCS says of a command: its row, the line of its arguments, and what took its place. The words are this
 * node's own, and there is no history. Source: Redis server.c addReplyCommandDocs, addReplyCommandArgList.
 */
import { array, bulk, integer, map, type RespVersion, set, simple } from '../../protocol/resp/encode.ts';
import { fields } from './fields.ts';
import { deprecations, systemCommands } from './retired.ts';
import { type Argument, parseSyntax } from './syntax.ts';
import { syntaxLines } from './syntax-lines.ts';
import type { Command } from './table.ts';

/** The arguments of a command by its full name; none when it takes none. */
export function argumentsOf(fullName: string): readonly Argument[] {
  return parseSyntax(syntaxLines[fullName] ?? '');
}

function argumentReply(argument: Argument, resp: RespVersion): string {
  const { name, type, keySpecIndex, token, since, deprecatedSince, parts } = argument;
  const flags = [
    ...(argument.optional ? ['optional'] : []),
    ...(argument.multiple ? ['multiple'] : []),
    ...(argument.multipleToken ? ['multiple_token'] : []),
  ];
  const pairs: [string, string][] = [
    ['name', bulk(name)],
    ['type', bulk(type)],
  ];
  if (keySpecIndex !== undefined) pairs.push(['key_spec_index', integer(keySpecIndex)]);
  if (token !== undefined) pairs.push(['token', bulk(token)]);
  if (since !== undefined) pairs.push(['since', bulk(since)]);
  if (deprecatedSince !== undefined) pairs.push(['deprecated_since', bulk(deprecatedSince)]);
  if (flags.length > 0) pairs.push(['flags', set(flags.map(simple), resp)]);
  if (parts !== undefined) pairs.push(['arguments', argumentsReply(parts, resp)]);
  return fields(pairs, resp);
}

function argumentsReply(parts: readonly Argument[], resp: RespVersion): string {
  return array(parts.map((part) => argumentReply(part, resp)));
}

/** One command of COMMAND DOCS, without its name. */
export function docsReply(command: Command, resp: RespVersion): string {
  const { fullName, summary, since, group, complexity, subcommands } = command;
  const pairs: [string, string][] = [
    ['summary', bulk(summary)],
    ['since', bulk(since)],
    ['group', bulk(group)],
  ];
  if (complexity !== undefined) pairs.push(['complexity', bulk(complexity)]);
  const deprecation = deprecations[fullName];
  const flags = [...(deprecation ? ['deprecated'] : []), ...(systemCommands.has(fullName) ? ['syscmd'] : [])];
  if (flags.length > 0) pairs.push(['doc_flags', set(flags.map(simple), resp)]);
  if (deprecation !== undefined) {
    pairs.push(['deprecated_since', bulk(deprecation.since)]);
    pairs.push(['replaced_by', bulk(deprecation.insteadOf)]);
  }
  const parts = argumentsOf(fullName);
  if (parts.length > 0) pairs.push(['arguments', argumentsReply(parts, resp)]);
  if (subcommands !== undefined) {
    const children = subcommands.flatMap((child) => [bulk(child.fullName), docsReply(child, resp)]);
    pairs.push(['subcommands', map(children, resp)]);
  }
  return fields(pairs, resp);
}
