/**
 * Owns the text of a user's rules, from which the same user can be made again.
 * Source: Redis acl.c ACLDescribeUser, ACLDescribeSelector, ACLDescribeSelectorCommandRules.
 */
import { aclCategories } from '../command/categories.ts';
import type { AclCategory } from '../command/row.ts';
import type { Command } from '../command/table.ts';
import { CommandRights } from './command-rights.ts';
import type { KeyRights, Selector } from './selector.ts';
import type { User } from './user.ts';

/** As `user NAME ...` of redis.conf and of the ACL file. */
export function userLine(user: User): string {
  return `user ${user.name} ${describeUser(user)}`;
}

function describeUser(user: User): string {
  const [root, ...others] = user.selectors.map(describeSelector);
  const words = [...userFlags(user), ...[...user.passwords].map((hash) => `#${hash}`), root];
  return [...words, ...others.map((text) => `(${text})`)].join(' ');
}

export function userFlags({ enabled, nopass, sanitizes }: User): string[] {
  const flags = [enabled ? 'on' : 'off'];
  if (nopass) flags.push('nopass');
  if (sanitizes !== undefined) flags.push(sanitizes ? 'sanitize-payload' : 'skip-sanitize-payload');
  return flags;
}

function describeSelector(selector: Selector): string {
  const keys = describeKeys(selector);
  const channels = describeChannels(selector);
  const words = [
    keys,
    selector.allChannels ? '' : 'resetchannels',
    channels,
    describeCommands(selector.commands),
  ];
  return words.filter((word) => word !== '').join(' ');
}

export function describeKeys({ allKeys, keyPatterns }: Selector): string {
  return allKeys ? '~*' : [...keyPatterns].map(describeKeyPattern).join(' ');
}

function describeKeyPattern([pattern, { reads, writes }]: [string, KeyRights]): string {
  return `${reads && writes ? '' : reads ? '%R' : '%W'}~${pattern}`;
}

export function describeChannels({ allChannels, channelPatterns }: Selector): string {
  return allChannels ? '&*' : [...channelPatterns].map((pattern) => `&${pattern}`).join(' ');
}

/** Everything or nothing first, then the categories that come closest, then what they leave to be said. */
export function describeCommands(rights: CommandRights): string {
  const additive = !rights.subtractive;
  const told = new CommandRights(rights.index);
  told.setAll(!additive);
  const rules = [additive ? '-@all' : '+@all'];
  const rest = rights.copy();
  for (const applied = new Set<AclCategory>(); ; ) {
    const category = closestCategory(rest, additive, applied);
    if (category === undefined) break;
    applied.add(category);
    told.setCategory(category, additive);
    rest.setCategory(category, !additive);
    rules.push(`${additive ? '+' : '-'}@${category}`);
  }
  for (const command of rights.index.all) rules.push(...describeDifference(command, rights, told));
  return rules.join(' ');
}

/** The category of which most is still to be told, and least is not so. */
function closestCategory(
  rest: CommandRights,
  additive: boolean,
  applied: ReadonlySet<AclCategory>,
): AclCategory | undefined {
  let best: { readonly category: AclCategory; readonly same: number; readonly different: number } | undefined;
  for (const category of aclCategories) {
    if (applied.has(category)) continue;
    const commands = rest.index.inCategory(category) ?? [];
    const same = commands.filter((command) => rest.has(command) === additive).length;
    const different = commands.length - same;
    if (same <= different) continue;
    if (
      best === undefined ||
      different < best.different ||
      (different === best.different && same > best.same)
    )
      best = { category, same, different };
  }
  return best?.category;
}

function describeDifference(command: Command, rights: CommandRights, told: CommandRights): string[] {
  const allowed = rights.has(command);
  const rules: string[] = [];
  if (allowed !== told.has(command)) {
    rules.push(`${allowed ? '+' : '-'}${command.fullName}`);
    told.set(command, allowed);
  }
  if (!allowed)
    for (const word of rights.firstArgumentsOf(command).values()) rules.push(`+${command.fullName}|${word}`);
  return rules;
}
