/**
 * Owns users by name, and their making by lines of redis.conf and of the ACL file. A table is changed by building another
 * one beside it. Source: Redis acl.c Users, ACLLoadFromFile, ACLLoadConfiguredUsers.
 */
import { hasSpaces, UNKNOWN_COMMAND } from './rule-texts.ts';
import { applyRule, mergeSelectors, type RuleSettings, resetUser } from './rules.ts';
import { User } from './user.ts';

export class UserTable {
  readonly #byName = new Map<string, User>();

  get(name: string): User | undefined {
    return this.#byName.get(name);
  }

  add(user: User): void {
    this.#byName.set(user.name, user);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  /** In the order of their names' bytes. */
  all(): User[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** The user that every connection begins as, before anything is said of it. */
export function makeDefaultUser(settings: RuleSettings): User {
  return makeUnrestricted('default', settings);
}

export function makeUnrestricted(name: string, settings: RuleSettings): User {
  const user = new User(name, settings.commands, true);
  for (const rule of ['+@all', '~*', '&*', 'on', 'nopass']) applyRule(user, rule, settings);
  user.settle();
  return user;
}

/** The words behind `user` of a line of redis.conf; the sentence that Redis logs when they cannot be. */
export function loadConfiguredUser(
  table: UserTable,
  [name = '', ...words]: readonly string[],
  settings: RuleSettings,
): User | string {
  if (hasSpaces(name)) return 'Spaces not allowed in ACL usernames';
  const merged = mergeSelectors(words);
  if ('unmatched' in merged)
    return `Unmatched parenthesis in acl selector starting at '${merged.unmatched}'.`;
  const known = table.get(name);
  const user = known ?? new User(name, settings.commands, settings.allChannels);
  // The default user.
  if (known !== undefined) resetUser(known, settings);
  for (const rule of merged.rules) {
    const refusal = applyRule(user, rule, settings);
    if (refusal !== undefined)
      return `Error loading ACL rule '${rule}' for the user named '${name}': ${refusal}`;
  }
  user.settle();
  table.add(user);
  return user;
}

/** The users of an ACL file (latin1), or all that is wrong with it. `filename` as the errors name it. */
export function readAclFile(text: string, filename: string, settings: RuleSettings): UserTable | string {
  const table = new UserTable();
  let errors = '';
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, '');
    if (line === '') continue;
    const refusal = readLine(table, line.split(' '), index + 1, filename, settings);
    if (refusal !== undefined) errors += refusal;
  }
  return errors === '' ? table : errors;
}

function readLine(
  table: UserTable,
  [keyword, name, ...words]: readonly string[],
  lineNumber: number,
  filename: string,
  settings: RuleSettings,
): string | undefined {
  const place = `${filename}:${lineNumber}`;
  if (keyword !== 'user' || name === undefined)
    return `${place} should start with user keyword followed by the username. `;
  if (hasSpaces(name)) return `'${place}: username '${name}' contains invalid characters. `;
  if (table.get(name) !== undefined) return `WARNING: Duplicate user '${name}' found on line ${lineNumber}. `;
  const user = new User(name, settings.commands, settings.allChannels);
  table.add(user);
  const merged = mergeSelectors(words);
  if ('unmatched' in merged) return `${place}: Unmatched parenthesis in selector definition.`;
  let errors = '';
  let toldOther = false;
  for (const word of merged.rules) {
    const rule = word.replace(/^[\t\r]+|[\t\r]+$/g, '');
    const refusal = applyRule(user, rule, settings);
    // A rule with an unknown command holds no secret; of others only the first is told, since the rest may follow from it.
    if (refusal === UNKNOWN_COMMAND)
      errors += `${place}: Error in applying operation '${rule}': ${refusal}. `;
    else if (refusal !== undefined && !toldOther) {
      errors += `${place}: ${refusal}. `;
      toldOther = true;
    }
  }
  user.settle();
  return errors === '' ? undefined : errors;
}
