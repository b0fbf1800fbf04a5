/** Owns the rules of a selector: "+get", "-@all", "~cache:*", "&news.*" and their like. Source: Redis acl.c ACLSetSelector. */
import {
  CHANNELS_ARE_ALL,
  FIRST_ARGUMENT_OF_SUBCOMMAND,
  hasSpaces,
  KEYS_ARE_ALL,
  SYNTAX,
  UNKNOWN_COMMAND,
} from './rule-texts.ts';
import type { Selector } from './selector.ts';

/** Hears of rules that are taken, but should not be used. */
export type Warn = (message: string) => void;

/** Changes the selector as the rule says, which is not empty; undefined, or why it cannot. */
export function applySelectorRule(selector: Selector, rule: string, warn: Warn): string | undefined {
  switch (rule.toLowerCase()) {
    case 'allkeys':
    case '~*':
      selector.setAllKeys(true);
      return undefined;
    case 'resetkeys':
      selector.setAllKeys(false);
      return undefined;
    case 'allchannels':
    case '&*':
      selector.setAllChannels(true);
      return undefined;
    case 'resetchannels':
      selector.setAllChannels(false);
      return undefined;
    case 'allcommands':
    case '+@all':
      selector.commands.setAll(true);
      return undefined;
    case 'nocommands':
    case '-@all':
      selector.commands.setAll(false);
      return undefined;
  }
  switch (rule[0]) {
    case '~':
    case '%':
      return addKeyPattern(selector, rule);
    case '&':
      return addChannelPattern(selector, rule.slice(1));
    case '+':
    case '-':
      return changeCommands(selector, rule, warn);
    default:
      return SYNTAX;
  }
}

/** "~pattern", or "%R~pattern", "%W~pattern", "%RW~pattern". */
function addKeyPattern(selector: Selector, rule: string): string | undefined {
  if (selector.allKeys) return KEYS_ARE_ALL;
  const [, modes, pattern = ''] = /^(?:~|%(r|w|rw|wr)~)(.*)$/is.exec(rule) ?? [];
  if ((modes === undefined && rule[0] === '%') || hasSpaces(pattern)) return SYNTAX;
  const reads = modes === undefined || /r/i.test(modes);
  const writes = modes === undefined || /w/i.test(modes);
  selector.addKeyPattern(pattern, { reads, writes });
  return undefined;
}

function addChannelPattern(selector: Selector, pattern: string): string | undefined {
  if (selector.allChannels) return CHANNELS_ARE_ALL;
  if (hasSpaces(pattern)) return SYNTAX;
  selector.channelPatterns.add(pattern);
  return undefined;
}

function changeCommands({ commands }: Selector, rule: string, warn: Warn): string | undefined {
  const allow = rule[0] === '+';
  if (rule[1] === '@') return commands.setCategory(rule.slice(2), allow) ? undefined : UNKNOWN_COMMAND;
  const name = rule.slice(1);
  const bar = name.lastIndexOf('|');
  const container = allow && bar >= 0 ? commands.index.find(name.slice(0, bar)) : undefined;
  if (container !== undefined) {
    if (container.container !== undefined) return FIRST_ARGUMENT_OF_SUBCOMMAND;
    const word = name.slice(bar + 1);
    if (word === '') return SYNTAX;
    if (container.subcommands === undefined) {
      warn(
        'Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get ' +
          `disabled in the future (offender: +${name})`,
      );
      commands.addFirstArgument(container, word);
      return undefined;
    }
  }
  const command = commands.index.find(name);
  if (command === undefined) return UNKNOWN_COMMAND;
  commands.set(command, allow);
  return undefined;
}
