/**
 * Owns the users of a node: who may connect, what each may do, and the log of what was refused. Never runs a command.
 * Source: Redis acl.c.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { replaceFile } from '../../core/replace-file.ts';
import type { Command, CommandTable } from '../command/table.ts';
import { systemErrorText, toPath } from '../config/special.ts';
import type { Session } from '../dispatch/session.ts';
import type { Acl } from '../parts/acl.ts';
import type { NodeParts } from '../parts/node.ts';
import { describeClient } from '../server/describe.ts';
import { CommandIndex } from './command-index.ts';
import { userLine } from './describe.ts';
import { AclLog, type Refused } from './log.ts';
import { applyRule, mergeSelectors, type RuleSettings } from './rules.ts';
import type { Denial } from './selector.ts';
import { User } from './user.ts';
import {
  loadConfiguredUser,
  makeDefaultUser,
  makeUnrestricted,
  readAclFile,
  UserTable,
} from './user-table.ts';

const inExec: Readonly<Record<Denial['reason'], string>> = {
  command: 'no permission to execute the command or subcommand',
  key: 'no permission to touch the specified keys',
  channel: 'no permission to access one of the channels used as arguments',
};

const inScript: Readonly<Record<Denial['reason'], string>> = {
  command: "can't run this command or subcommand",
  key: "can't access at least one of the keys mentioned in the command arguments",
  channel: "can't publish to the channel mentioned in the command",
};

export class NodeAcl implements Acl {
  readonly defaultUser: User;
  readonly superuser: User;
  readonly log: AclLog;
  readonly #parts: NodeParts;
  readonly #commands: CommandIndex;
  #table = new UserTable();

  constructor(parts: NodeParts, commands: CommandTable) {
    this.#parts = parts;
    this.#commands = new CommandIndex(commands.rows);
    const { config } = parts;
    this.defaultUser = makeDefaultUser(this.#settings());
    this.superuser = makeUnrestricted('(superuser)', this.#settings());
    this.#table.add(this.defaultUser);
    this.log = new AclLog(() => config.number('acllog-max-len'));
    this.#followPassword();
    config.onChange('requirepass', () => this.#followPassword());
  }

  #settings(): RuleSettings {
    const { config, log } = this.#parts;
    return {
      commands: this.#commands,
      allChannels: config.text('acl-pubsub-default') === 'allchannels',
      warn: (message) => log('warning', message),
    };
  }

  /** requirepass is the default user's password, and its only one. */
  #followPassword(): void {
    const password = this.#parts.config.text('requirepass');
    const rules = password === '' ? ['resetpass', 'nopass'] : ['resetpass', `>${password}`];
    for (const rule of rules) applyRule(this.defaultUser, rule, this.#settings());
  }

  /** At the start: the users of redis.conf, or of the ACL file. The sentence that Redis logs when they cannot be. */
  begin(configured: readonly (readonly string[])[]): string | undefined {
    const { config, log } = this.#parts;
    const hasFile = config.text('aclfile') !== '';
    if (hasFile && configured.length > 0)
      return (
        'Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. ' +
        'This setup is very likely to lead to configuration errors and security holes, please define either an ACL ' +
        'file or declare users directly in your redis.conf, but not both.'
      );
    for (const words of configured) {
      const user = loadConfiguredUser(this.#table, words, this.#settings());
      if (typeof user === 'string') {
        log('warning', user);
        return 'Critical error while loading ACLs. Exiting.';
      }
      if (!user.enabled)
        log(
          'notice',
          `The user '${user.name}' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error.`,
        );
    }
    const errors = hasFile ? this.load(undefined) : undefined;
    return errors === undefined ? undefined : `Aborting Redis startup because of ACL errors: ${errors}`;
  }

  get requiresAuth(): boolean {
    return !this.defaultUser.nopass || !this.defaultUser.enabled;
  }

  enter(client: Session): void {
    client.user = this.defaultUser;
    client.authenticated = !this.requiresAuth;
  }

  authenticate(client: Session, name: string, password: string, word: string): boolean {
    const user = this.#table.get(name);
    if (user?.accepts(password)) {
      client.user = user;
      client.authenticated = true;
      return true;
    }
    this.#refused(client, { reason: 'auth', context: contextOf(client), object: word, username: name });
    return false;
  }

  user(name: string): User | undefined {
    return this.#table.get(name);
  }

  users(): readonly User[] {
    return this.#table.all();
  }

  lines(): string[] {
    return this.users().map(userLine);
  }

  configLines(): string[] {
    return this.#parts.config.text('aclfile') === '' ? this.lines() : [];
  }

  refusal(client: Session, command: Command, argv: readonly string[]): string | undefined {
    const denial = this.#denial(client, command, argv, contextOf(client));
    if (denial === undefined) return undefined;
    if (denial.reason === 'command')
      return `NOPERM this user has no permissions to run the '${command.fullName}' command`;
    return `NOPERM this user has no permissions to access one of the ${denial.reason}s used as arguments`;
  }

  refusalInExec(client: Session, command: Command, argv: readonly string[]): string | undefined {
    const denial = this.#denial(client, command, argv, 'multi');
    if (denial === undefined) return undefined;
    return (
      'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. ' +
      `This command is no longer allowed for the following reason: ${inExec[denial.reason]}`
    );
  }

  refusalInScript(client: Session, command: Command, argv: readonly string[]): string | undefined {
    const denial = this.#denial(client, command, argv, 'lua');
    return denial && `The user executing the script ${inScript[denial.reason]}`;
  }

  #denial(
    client: Session,
    command: Command,
    argv: readonly string[],
    context: Refused['context'],
  ): Denial | undefined {
    const denial = client.user.denial(command, argv);
    if (denial !== undefined) {
      const { reason, index } = denial;
      const object = reason === 'command' ? command.fullName : (argv[index] as string);
      this.#refused(client, { reason, context, object, username: client.user.name });
    }
    return denial;
  }

  #refused(client: Session, refused: Omit<Refused, 'clientInfo'>): void {
    const nowMs = this.#parts.clock.nowMs();
    this.log.add({ ...refused, clientInfo: describeClient(client, nowMs) }, nowMs);
  }

  setUser(name: string, words: readonly string[], caller: Session): string | undefined {
    const merged = mergeSelectors(words);
    if ('unmatched' in merged)
      return `Unmatched parenthesis in acl selector starting at '${merged.unmatched}'.`;
    const settings = this.#settings();
    const draft = new User(name, settings.commands, settings.allChannels);
    const known = this.#table.get(name);
    if (known !== undefined) draft.assign(known);
    for (const rule of merged.rules) {
      const refusal = applyRule(draft, rule, settings);
      if (refusal !== undefined) return `Error in ACL SETUSER modifier '${rule}': ${refusal}`;
    }
    draft.settle();
    if (known === undefined) this.#table.add(draft);
    else {
      this.#sendSubscribersAway(known, draft, caller);
      known.assign(draft);
    }
    return undefined;
  }

  /** Who listens to what the user will not be allowed. Source: ACLKillPubsubClientsIfNeeded. */
  #sendSubscribersAway(user: User, changed: User, caller: Session): void {
    const allowed = (name: string, isPattern: boolean): boolean =>
      changed.selectors.some((selector) => selector.allowsChannel(name, isPattern));
    for (const client of this.#clientsOf(user)) {
      const { subscriptions } = client;
      if (subscriptions === undefined || client.kind !== 'pubsub') continue;
      const { channel, pattern, shard } = subscriptions;
      if (
        [...pattern].some((name) => !allowed(name, true)) ||
        [...channel, ...shard].some((name) => !allowed(name, false))
      )
        sendAway(client, caller);
    }
  }

  deleteUsers(names: readonly string[], caller: Session): number {
    let count = 0;
    for (const name of names) {
      const user = this.#table.get(name);
      if (user === undefined) continue;
      this.#table.delete(name);
      this.#sendClientsAway(user, caller);
      count++;
    }
    return count;
  }

  #sendClientsAway(user: User, caller: Session | undefined): void {
    for (const client of this.#clientsOf(user)) {
      // Whatever it still does, it does as nobody.
      client.user = this.defaultUser;
      client.authenticated = false;
      sendAway(client, caller);
    }
  }

  #clientsOf(user: User): Session[] {
    return [...this.#parts.clients.all()].filter((client) => client.user === user);
  }

  get #path(): string {
    const { config } = this.#parts;
    return resolve(toPath(config.text('dir')), toPath(config.text('aclfile')));
  }

  load(caller: Session | undefined): string | undefined {
    const filename = this.#parts.config.text('aclfile');
    let text: string;
    try {
      text = readFileSync(this.#path, 'latin1');
    } catch (reason) {
      return `Error loading ACLs, opening file '${filename}': ${systemErrorText(reason)}`;
    }
    const table = readAclFile(text, filename, this.#settings());
    if (typeof table === 'string')
      return `${table}WARNING: ACL errors detected, no change to the previously active ACL rules was performed`;
    const before = this.#table;
    // The default user stays the same object: connections and parts know it.
    this.defaultUser.assign(table.get('default') ?? makeDefaultUser(this.#settings()));
    table.add(this.defaultUser);
    this.#table = table;
    for (const user of before.all()) if (user !== this.defaultUser) this.#sendClientsAway(user, caller);
    return undefined;
  }

  save(): boolean {
    const text = this.lines()
      .map((line) => `${line}\n`)
      .join('');
    try {
      replaceFile(this.#path, Buffer.from(text, 'latin1'), `tmp-${this.#parts.random.hex(6)}`);
      return true;
    } catch (reason) {
      this.#parts.log('warning', `Writing ACL file for ACL SAVE: ${systemErrorText(reason)}`);
      return false;
    }
  }
}

function contextOf(client: Session): Refused['context'] {
  return client.queue === undefined ? 'toplevel' : 'multi';
}

/** The caller still gets its reply. */
function sendAway(client: Session, caller: Session | undefined): void {
  if (client === caller) client.end();
  else client.destroy();
}
