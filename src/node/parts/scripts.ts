/** Owns scripts and functions as the other parts see them. */
import type { Reply } from '../command/row.ts';
import type { Context } from '../dispatch/context.ts';

export interface Scripts {
  /** EVAL and its like; `argv` with the script (or its SHA1), the number of keys, keys and arguments. */
  evaluate(
    context: Context,
    argv: readonly string[],
    how: { readonly bySha: boolean; readonly readOnly: boolean },
  ): Reply;
  /** FCALL and its like. */
  callFunction(context: Context, argv: readonly string[], readOnly: boolean): Reply;
  /** Keeps a script; its SHA1, or an error text with its code. */
  load(body: string): { readonly sha: string } | { readonly error: string };
  /** In any case of letters. */
  exists(sha: string): boolean;
  /** Forgets all scripts. */
  flush(): void;
  /** SCRIPT KILL and FUNCTION KILL: the encoded reply. */
  kill(kind: ScriptKind): string;
  /** The script that runs, while others are served: it has run for longer than busy-reply-threshold. */
  readonly busy: BusyScript | undefined;
  /** The flags of EVAL's or FCALL's `argv`, as those of a command (bits of command/table.ts). */
  evalBits(argv: readonly string[], bits: number, bySha: boolean): number;
  functionBits(argv: readonly string[], bits: number): number;
  /** DEBUG SET-DISABLE-DENY-SCRIPTS: commands that scripts must not call can be called. */
  allowsAnyCommand: boolean;
  readonly libraries: FunctionLibraries;
  readonly usage: ScriptUsage;
  /** Bytes that are kept of scripts and functions. */
  readonly keptBytes: number;
  close(): void;
}

export type ScriptKind = 'eval' | 'function';

export interface BusyScript {
  readonly kind: ScriptKind;
  /** SHA1 of a script, name of a function. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly elapsedMs: number;
  /** The error text of commands that may not run meanwhile. */
  readonly refusal: string;
}

/** What INFO tells. */
export interface ScriptUsage {
  readonly scripts: number;
  /** Bytes that the states of Lua have in use, and what else is kept of scripts and functions. */
  readonly evalStateBytes: number;
  readonly functionStateBytes: number;
  readonly scriptBytes: number;
  readonly functionBytes: number;
  readonly functions: number;
  readonly libraries: number;
}

export interface LibraryFunction {
  readonly name: string;
  readonly description: string | undefined;
  /** As FUNCTION LIST shows them. */
  readonly flags: readonly string[];
}

export interface FunctionLibrary {
  readonly name: string;
  /** As it was loaded, with the line that names it: what files and DUMP payloads hold. */
  readonly code: string;
  readonly functions: readonly LibraryFunction[];
}

/** Libraries of functions. Errors are texts with their code. */
export interface FunctionLibraries {
  all(): readonly FunctionLibrary[];
  /** `limited`: it may take half a second. */
  load(
    code: string,
    options: { readonly replace: boolean; readonly limited: boolean },
  ): { readonly name: string } | { readonly error: string };
  delete(name: string): boolean;
  clear(): void;
  /**
   * All or nothing: adds these libraries, or with `flush` puts them in place of the others. Undefined when it is done.
   * Source: functions.c functionRestoreCommand, libraryJoin.
   */
  restore(codes: readonly string[], policy: 'append' | 'replace' | 'flush'): string | undefined;
}
