/** Owns the scripts that EVAL and SCRIPT LOAD have brought. Source: Redis eval.c, the dictionary lua_scripts. */
import { readShebang } from './flags.ts';
import { sha1Hex } from './sha1.ts';

export interface CachedScript {
  readonly sha: string;
  readonly body: string;
  readonly flags: number;
  /** Characters of the body before the code. */
  readonly shebangLength: number;
  /** Of the compiled script in its state of Lua; undefined while it is not compiled. */
  ref: number | undefined;
}

/** What a script takes besides its body. */
const OVERHEAD_BYTES = 200;

export class ScriptCache {
  readonly #bySha = new Map<string, CachedScript>();
  /** So that the SHA1 need not be calculated for each EVAL. */
  readonly #byBody = new Map<string, CachedScript>();
  bytes = 0;

  get size(): number {
    return this.#bySha.size;
  }

  /** In any case of letters. */
  bySha(sha: string): CachedScript | undefined {
    return this.#bySha.get(sha) ?? this.#bySha.get(sha.toLowerCase());
  }

  byBody(body: string): CachedScript | undefined {
    return this.#byBody.get(body);
  }

  /** A script that is not kept yet, or an error text with its code. */
  read(body: string): CachedScript | string {
    const shebang = readShebang(body);
    if (typeof shebang === 'string') return `ERR ${shebang}`;
    const { flags, length } = shebang;
    return { sha: sha1Hex(body), body, flags, shebangLength: length, ref: undefined };
  }

  /** The flags of a body that is not kept; undefined when they cannot be read. */
  flagsOf(body: string): number | undefined {
    const shebang = readShebang(body);
    return typeof shebang === 'string' ? undefined : shebang.flags;
  }

  add(script: CachedScript): void {
    this.#bySha.set(script.sha, script);
    this.#byBody.set(script.body, script);
    this.bytes += script.body.length + OVERHEAD_BYTES;
  }

  /** The state of Lua is gone. */
  forgetCompiled(): void {
    for (const script of this.#bySha.values()) script.ref = undefined;
  }

  clear(): void {
    this.#bySha.clear();
    this.#byBody.clear();
    this.bytes = 0;
  }
}
