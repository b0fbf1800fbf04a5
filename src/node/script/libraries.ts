/**
 * Owns the libraries of functions: what is loaded, which function is whose, and the state of Lua that they run in. A library
 * that cannot be loaded leaves everything as it was.
 * Source: Redis functions.c functionsCreateWithLibraryCtx, libraryJoin; function_lua.c luaEngineCreate, luaRegisterFunction.
 */
import type { FunctionLibraries, FunctionLibrary } from '../parts/scripts.ts';
import { flagNames } from './flags.ts';
import type { Interpreter } from './interpreter.ts';
import { nameError, readLibraryCode } from './library-code.ts';
import { errorText } from './lua-to-reply.ts';
import { FunctionRegistrar, type Registered } from './register-function.ts';

/** What a library may take to load. Source: functions.c LOAD_TIMEOUT_MS. */
const LOAD_LIMIT_MS = 500;

export interface LoadedFunction extends Registered {
  readonly library: Library;
}

interface Library {
  readonly name: string;
  readonly code: string;
  readonly functions: Map<string, LoadedFunction>;
}

/** What a set of libraries consists of: one is changed as a whole. */
interface Shelf {
  readonly libraries: Map<string, Library>;
  readonly functions: Map<string, LoadedFunction>;
  /** Of all libraries. */
  codeBytes: number;
}

export interface LibrariesDeps {
  /** Makes a state of Lua for functions. Throws when there is no memory. */
  makeInterpreter(): Interpreter;
  monotonicMs(): number;
}

export class Libraries implements FunctionLibraries {
  readonly #deps: LibrariesDeps;
  #interpreter: Interpreter | undefined;
  #registrar: FunctionRegistrar | undefined;
  #shelf: Shelf = emptyShelf();

  constructor(deps: LibrariesDeps) {
    this.#deps = deps;
  }

  get interpreter(): Interpreter {
    return this.#interpreter ?? this.#makeInterpreter();
  }

  get functionCount(): number {
    return this.#shelf.functions.size;
  }

  get libraryCount(): number {
    return this.#shelf.libraries.size;
  }

  get codeBytes(): number {
    return this.#shelf.codeBytes;
  }

  get stateBytes(): number {
    return this.#interpreter?.usedBytes ?? 0;
  }

  /** In any case of letters, as Redis finds functions. */
  find(name: string): LoadedFunction | undefined {
    return this.#shelf.functions.get(name.toLowerCase());
  }

  #makeInterpreter(): Interpreter {
    const interpreter = this.#deps.makeInterpreter();
    this.#interpreter = interpreter;
    this.#registrar = new FunctionRegistrar(interpreter);
    return interpreter;
  }

  /** The state is of no use any more: the libraries are loaded into another. */
  renew(): void {
    const codes = [...this.#shelf.libraries.values()].map(({ code }) => code);
    this.#shelf = emptyShelf();
    this.#interpreter = undefined;
    for (const code of codes) this.load(code, { replace: false, limited: true });
  }

  all(): readonly FunctionLibrary[] {
    return [...this.#shelf.libraries.values()].map(({ name, code, functions }) => ({
      name,
      code,
      functions: [...functions.values()].map((fn) => ({
        name: fn.name,
        description: fn.description,
        flags: flagNames.filter(([, flag]) => (fn.flags & flag) !== 0).map(([flagName]) => flagName),
      })),
    }));
  }

  load(
    code: string,
    options: { readonly replace: boolean; readonly limited: boolean },
  ): { readonly name: string } | { readonly error: string } {
    const result = this.#loadOnto(this.#shelf, code, options);
    return typeof result === 'string' ? { error: `ERR ${result}` } : { name: result.name };
  }

  /** The library, or why it cannot be on this shelf: then the shelf is as it was. */
  #loadOnto(
    shelf: Shelf,
    code: string,
    { replace, limited }: { readonly replace: boolean; readonly limited: boolean },
  ): Library | string {
    const meta = readLibraryCode(code);
    if (typeof meta === 'string') return meta;
    const { name, engine, body } = meta;
    const wrongName = nameError(name);
    if (wrongName !== undefined) return wrongName;
    if (engine.toLowerCase() !== 'lua') return `Engine '${engine}' not found`;
    const old = shelf.libraries.get(name);
    if (old !== undefined && !replace) return `Library '${name}' already exists`;
    const registered = this.#run(body, limited);
    if (typeof registered === 'string') return registered;
    const library: Library = { name, code, functions: new Map() };
    for (const [key, fn] of registered) library.functions.set(key, { ...fn, library });
    const problem = registered.size === 0 ? 'No functions registered' : collision(shelf, library, old);
    if (problem !== undefined) {
      this.#release(library);
      return problem;
    }
    if (old !== undefined) {
      unlink(shelf, old);
      this.#release(old);
    }
    link(shelf, library);
    return library;
  }

  /** What the code registers, or the error text. */
  #run(body: string, limited: boolean): ReadonlyMap<string, Registered> | string {
    const interpreter = this.interpreter;
    const registrar = this.#registrar as FunctionRegistrar;
    const compiled = interpreter.compile(body, '@user_function');
    if ('error' in compiled) return `Error compiling function: ${compiled.error}`;
    const endMs = this.#deps.monotonicMs() + LOAD_LIMIT_MS;
    registrar.begin();
    try {
      const outcome = interpreter.start(compiled.ref, undefined, () =>
        limited && this.#deps.monotonicMs() > endMs ? { error: 'ERR FUNCTION LOAD timeout' } : 'go on',
      );
      if (outcome === 'done') {
        interpreter.finish('done', '', 2, 2);
        return registrar.end();
      }
      const text = interpreter.failureText((vm, L) => errorText(vm, L).text);
      for (const { ref } of registrar.end().values()) interpreter.release(ref);
      return `Error registering functions: ${text.replace(/^ERR (?=ERR )/, '')}`;
    } finally {
      registrar.end();
      interpreter.release(compiled.ref);
    }
  }

  #release(library: Library): void {
    for (const { ref } of library.functions.values()) this.#interpreter?.release(ref);
  }

  delete(name: string): boolean {
    const library = this.#shelf.libraries.get(name);
    if (library === undefined) return false;
    unlink(this.#shelf, library);
    this.#release(library);
    return true;
  }

  /** The state goes too: its memory is only given back as a whole. */
  clear(): void {
    this.#shelf = emptyShelf();
    this.#interpreter = undefined;
  }

  restore(codes: readonly string[], policy: 'append' | 'replace' | 'flush'): string | undefined {
    const added = emptyShelf();
    const fail = (text: string): string => {
      for (const library of added.libraries.values()) this.#release(library);
      return `ERR ${text}`;
    };
    for (const code of codes) {
      const result = this.#loadOnto(added, code, { replace: false, limited: false });
      if (typeof result === 'string') return fail(result);
    }
    const kept = policy === 'flush' ? emptyShelf() : copyOf(this.#shelf);
    for (const { name } of added.libraries.values()) {
      const old = kept.libraries.get(name);
      if (old === undefined) continue;
      if (policy !== 'replace') return fail(`Library ${name} already exists`);
      unlink(kept, old);
    }
    for (const { name } of added.functions.values())
      if (kept.functions.has(name.toLowerCase())) return fail(`Function ${name} already exists`);
    for (const library of this.#shelf.libraries.values())
      if (kept.libraries.get(library.name) !== library) this.#release(library);
    for (const library of added.libraries.values()) link(kept, library);
    this.#shelf = kept;
    return undefined;
  }
}

function emptyShelf(): Shelf {
  return { libraries: new Map(), functions: new Map(), codeBytes: 0 };
}

function copyOf({ libraries, functions, codeBytes }: Shelf): Shelf {
  return { libraries: new Map(libraries), functions: new Map(functions), codeBytes };
}

function link(shelf: Shelf, library: Library): void {
  shelf.libraries.set(library.name, library);
  shelf.codeBytes += library.code.length;
  for (const fn of library.functions.values()) shelf.functions.set(fn.name.toLowerCase(), fn);
}

function unlink(shelf: Shelf, library: Library): void {
  shelf.libraries.delete(library.name);
  shelf.codeBytes -= library.code.length;
  for (const fn of library.functions.values()) shelf.functions.delete(fn.name.toLowerCase());
}

/** Whether a function has the name of one in another library than that which is replaced. */
function collision(shelf: Shelf, library: Library, replaced: Library | undefined): string | undefined {
  for (const { name } of library.functions.values()) {
    const other = shelf.functions.get(name.toLowerCase());
    if (other !== undefined && other.library !== replaced) return `Function ${name} already exists`;
  }
  return undefined;
}
