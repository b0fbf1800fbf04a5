/**
 * Owns the rules of a user, as ACL SETUSER, redis.conf and the ACL file write them.
 * Source: Redis acl.c ACLSetUser, ACLMergeSelectorArguments, aclCreateSelectorFromOpSet.
 */
import { splitArgs } from '../../protocol/resp/split-args.ts';
import type { CommandIndex } from './command-index.ts';
import { BAD_HASH, NO_SUCH_PASSWORD } from './rule-texts.ts';
import { Selector } from './selector.ts';
import { applySelectorRule, type Warn } from './selector-rules.ts';
import { hashPassword, type User } from './user.ts';

export interface RuleSettings {
  readonly commands: CommandIndex;
  /** acl-pubsub-default: new selectors allow all channels. */
  readonly allChannels: boolean;
  readonly warn: Warn;
}

/** Changes the user as the rule says; undefined, or why it cannot. `settle` is to be called behind the last one. */
export function applyRule(user: User, rule: string, settings: RuleSettings): string | undefined {
  switch (rule.toLowerCase()) {
    case '':
      return undefined;
    case 'on':
      user.enabled = true;
      return undefined;
    case 'off':
      user.enabled = false;
      return undefined;
    case 'skip-sanitize-payload':
      user.sanitizes = false;
      return undefined;
    case 'sanitize-payload':
      user.sanitizes = true;
      return undefined;
    case 'nopass':
    case 'resetpass':
      user.nopass = rule.toLowerCase() === 'nopass';
      user.passwords.clear();
      return undefined;
    case 'clearselectors':
      user.clearSelectors();
      return undefined;
    case 'reset':
      resetUser(user, settings);
      return undefined;
  }
  if ('>#<!'.includes(rule[0] as string)) return changePasswords(user, rule);
  if (rule.startsWith('(') && rule.endsWith(')')) return addSelector(user, rule.slice(1, -1), settings);
  return applySelectorRule(user.root, rule, settings.warn);
}

/** As it was when it was made, save that it says what it does with payloads. */
export function resetUser(user: User, { allChannels }: RuleSettings): void {
  user.enabled = false;
  user.nopass = false;
  user.sanitizes = true;
  user.passwords.clear();
  user.clearSelectors();
  user.root.setAllKeys(false);
  user.root.setAllChannels(allChannels);
  user.root.commands.setAll(false);
}

/** ">password" and "#hash" add one, "<password" and "!hash" take it away. */
function changePasswords(user: User, rule: string): string | undefined {
  const sign = rule[0];
  const given = rule.slice(1);
  const isHash = sign === '#' || sign === '!';
  if (isHash && !/^[0-9a-f]{64}$/.test(given)) return BAD_HASH;
  const hash = isHash ? given : hashPassword(given);
  const known = user.passwords.has(hash);
  if (sign === '>' || sign === '#') {
    user.passwords.add(hash);
    user.nopass = false;
    return undefined;
  }
  if (!known) return NO_SUCH_PASSWORD;
  user.passwords.delete(hash);
  return undefined;
}

function addSelector(user: User, rules: string, settings: RuleSettings): string | undefined {
  const selector = new Selector(settings.commands, settings.allChannels);
  for (const rule of splitArgs(rules) ?? []) {
    const refusal = rule === '' ? undefined : applySelectorRule(selector, rule, settings.warn);
    if (refusal !== undefined) return refusal;
  }
  user.addSelector(selector);
  return undefined;
}

/**
 * Selectors that blanks have torn into several words are put together again. `unmatched`: the word that opens one without
 * an end.
 */
export function mergeSelectors(
  words: readonly string[],
): { readonly rules: readonly string[] } | { readonly unmatched: string } {
  const rules: string[] = [];
  let open: string[] | undefined;
  for (const word of words) {
    if (word.startsWith('(') && !word.endsWith(')')) open = [word];
    else if (open === undefined) rules.push(word);
    else {
      open.push(word);
      if (!word.endsWith(')')) continue;
      rules.push(open.join(' '));
      open = undefined;
    }
  }
  return open === undefined ? { rules } : { unmatched: open[0] as string };
}
