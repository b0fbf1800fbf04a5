/**
 * Owns what a shell must know of the command line to complete it: commands, their flags, and the values that a flag or
 * an argument may have. Made from oclif's own table of commands, so that nothing is written down twice.
 */

export interface Completion {
  readonly commands: readonly CommandWords[];
}

export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagWords[];
  /** What its first argument may be; empty: it is not known here. */
  readonly values: readonly string[];
}

export interface FlagWords {
  /** Without dashes. */
  readonly name: string;
  readonly char: string | undefined;
  readonly summary: string;
  /** What follows it: nothing, one of `values`, a file, a folder, or something that is not known here. */
  readonly takes: 'nothing' | 'value' | 'file' | 'folder' | 'anything';
  readonly values: readonly string[];
}

/** The part of oclif's table that is read: of a command as the manifest has it. */
export interface CommandRow {
  readonly id: string;
  readonly hidden?: boolean;
  readonly summary?: string;
  readonly flags?: Readonly<Record<string, FlagRow>>;
  readonly args?: Readonly<Record<string, { readonly options?: readonly string[] }>>;
}

interface FlagRow {
  readonly name: string;
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly hidden?: boolean;
  readonly summary?: string;
  readonly helpValue?: string | readonly string[];
  readonly options?: readonly string[];
}

export function completionOf(rows: readonly CommandRow[]): Completion {
  const commands = rows
    .filter(({ hidden }) => hidden !== true)
    .map(({ id, summary = '', flags = {}, args = {} }) => ({
      name: id,
      summary,
      flags: Object.values(flags)
        .filter(({ hidden }) => hidden !== true)
        .map(flagWords),
      values: Object.values(args)[0]?.options ?? [],
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { commands };
}

function flagWords({ name, type, char, summary = '', helpValue, options = [] }: FlagRow): FlagWords {
  return {
    name,
    char,
    summary,
    takes: type === 'boolean' ? 'nothing' : takes(helpValue, options),
    values: options,
  };
}

function takes(helpValue: FlagRow['helpValue'], options: readonly string[]): FlagWords['takes'] {
  if (options.length > 0) return 'value';
  if (helpValue === 'FILE') return 'file';
  return helpValue === 'DIR' ? 'folder' : 'anything';
}
