/** Owns users and their rights as the other parts see them. */
import type { AclLog } from '../acl/log.ts';
import type { User } from '../acl/user.ts';
import type { Command } from '../command/table.ts';
import type { Session } from '../dispatch/session.ts';

export interface Acl {
  /** Whom new connections are. */
  readonly defaultUser: User;
  /** May do everything, has no password, and is in no list: the master's stream runs as it. */
  readonly superuser: User;
  /** A connection has to say who it is before it may do anything. */
  readonly requiresAuth: boolean;
  /** The client is the default user, as a new connection is. */
  enter(client: Session): void;
  /** Makes the client that user when the password is right; else the log of refusals gets it. `word`: the command. */
  authenticate(client: Session, name: string, password: string, word: string): boolean;
  user(name: string): User | undefined;
  /** In the order of their names. */
  users(): readonly User[];
  /** Each as a line of the ACL file. */
  lines(): string[];
  /** Those that belong into redis.conf: none where there is an ACL file. */
  configLines(): string[];
  /**
   * Why the client's user may not call the command, as an error text with its code; it is in the log of refusals then. To be
   * asked only when the user is not unrestricted.
   */
  refusal(client: Session, command: Command, argv: readonly string[]): string | undefined;
  /** The same for a command that was queued when it was allowed. */
  refusalInExec(client: Session, command: Command, argv: readonly string[]): string | undefined;
  /** The same for a command that a script of the client calls; the text without a code. */
  refusalInScript(client: Session, command: Command, argv: readonly string[]): string | undefined;
  /** Makes or changes a user, all rules or none; the error text without its code when one is wrong. */
  setUser(name: string, rules: readonly string[], caller: Session): string | undefined;
  /** Their clients are sent away; how many users there were. Not for the default user. */
  deleteUsers(names: readonly string[], caller: Session): number;
  /** ACL LOAD: the users of the file in place of all others, or what is wrong with it. */
  load(caller: Session | undefined): string | undefined;
  /** ACL SAVE. False when it failed, and the log tells why. */
  save(): boolean;
  readonly log: AclLog;
}
