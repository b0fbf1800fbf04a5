/**
 * Owns which commands a selector allows: single ones, and first arguments of commands that are not allowed as a whole.
 * Source: Redis acl.c ACLChangeSelectorPerm, ACLSetSelectorCommandBitsForCategory, ACLAddAllowedFirstArg.
 */
import { type Command, flagBits } from '../command/table.ts';
import type { CommandIndex } from './command-index.ts';

const none: ReadonlyMap<string, string> = new Map();

export class CommandRights {
  /** Every command, with nothing taken away since. */
  all = false;
  /** Everything was allowed once: what is not allowed was taken away. Decides how the rights are told. */
  subtractive = false;
  readonly #index: CommandIndex;
  #allowed = new Set<Command>();
  #firstArguments = new Map<Command, Map<string, string>>();

  constructor(index: CommandIndex) {
    this.#index = index;
  }

  copy(): CommandRights {
    const copy = new CommandRights(this.#index);
    copy.all = this.all;
    copy.subtractive = this.subtractive;
    copy.#allowed = new Set(this.#allowed);
    for (const [command, words] of this.#firstArguments) copy.#firstArguments.set(command, new Map(words));
    return copy;
  }

  get index(): CommandIndex {
    return this.#index;
  }

  /** Everything, or nothing. */
  setAll(allow: boolean): void {
    this.all = allow;
    this.subtractive = allow;
    this.#allowed = new Set(allow ? this.#index.all : []);
    this.#firstArguments.clear();
  }

  /** A container stands for all of its subcommands too. */
  set(command: Command, allow: boolean): void {
    this.#firstArguments.delete(command);
    for (const each of [command, ...(command.subcommands ?? [])]) {
      if (allow) this.#allowed.add(each);
      else this.#allowed.delete(each);
    }
    if (!allow) this.all = false;
  }

  /** False when there is no such category. */
  setCategory(category: string, allow: boolean): boolean {
    const commands = this.#index.inCategory(category);
    for (const command of commands ?? []) this.set(command, allow);
    return commands !== undefined;
  }

  /** Upper and lower case are the same; the first spelling stays. */
  addFirstArgument(command: Command, word: string): void {
    const words = this.#firstArguments.get(command);
    const lower = word.toLowerCase();
    if (words === undefined) this.#firstArguments.set(command, new Map([[lower, word]]));
    else if (!words.has(lower)) words.set(lower, word);
  }

  /** By lower-case word as they were spelled, in the order in which they were given. */
  firstArgumentsOf(command: Command): ReadonlyMap<string, string> {
    return this.#firstArguments.get(command) ?? none;
  }

  has(command: Command): boolean {
    return this.#allowed.has(command);
  }

  /** Whether the command may be called with these arguments, as far as its keys and channels do not matter. */
  allows(command: Command, argv: readonly string[]): boolean {
    // Who is not known yet must be able to say who it is.
    if (this.all || (command.bits & flagBits.no_auth) !== 0 || this.#allowed.has(command)) return true;
    const words = this.#firstArguments.get(command);
    const word = argv[command.container === undefined ? 1 : 2];
    return words !== undefined && word !== undefined && words.has(word.toLowerCase());
  }
}
