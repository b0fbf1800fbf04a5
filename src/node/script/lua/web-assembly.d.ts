/** Owns the part of the WebAssembly API that is used here: the types of Node leave it to those of browsers. */
declare namespace WebAssembly {
  class Memory {
    readonly buffer: ArrayBuffer;
    private constructor();
    /** Throws a RangeError when there is not as much. */
    grow(pages: number): number;
  }
  class Table {
    readonly length: number;
    private constructor();
    get(index: number): (...args: number[]) => number;
    set(index: number, fn: unknown): void;
    /** Returns the length before. */
    grow(by: number): number;
  }
  type ImportValue = (...args: number[]) => unknown;
  type Imports = Record<string, Record<string, ImportValue>>;
  class Module {
    /** Compiles. Throws a CompileError. */
    constructor(bytes: Uint8Array);
    static imports(module: Module): { readonly module: string; readonly name: string }[];
  }
  class Instance {
    readonly exports: Record<string, unknown>;
    constructor(module: Module, imports: Imports);
  }
}
