/**
 * Owns the commands as rules name them: by their own names, whatever rename-command calls them, and by category.
 * Source: Redis acl.c ACLLookupCommand, server.c lookupCommandBySdsLogic.
 */
import { aclCategories, categoriesOf } from '../command/categories.ts';
import type { AclCategory } from '../command/row.ts';
import type { Command } from '../command/table.ts';

export class CommandIndex {
  /** Each container stands before its subcommands. */
  readonly all: readonly Command[];
  readonly #byName: ReadonlyMap<string, Command>;
  readonly #byCategory = new Map<AclCategory, Command[]>();

  constructor(rows: readonly Command[]) {
    this.all = rows.flatMap((row) => [row, ...(row.subcommands ?? [])]);
    this.#byName = new Map(this.all.map((command) => [command.fullName, command]));
    for (const category of aclCategories) this.#byCategory.set(category, []);
    for (const command of this.all)
      for (const category of categoriesOf(command)) this.#byCategory.get(category)?.push(command);
  }

  /** "get" or "config|get", in any case. */
  find(name: string): Command | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** Commands and subcommands; undefined when there is no such category. */
  inCategory(name: string): readonly Command[] | undefined {
    return this.#byCategory.get(name.toLowerCase() as AclCategory);
  }
}
