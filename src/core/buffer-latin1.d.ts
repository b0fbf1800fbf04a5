// Buffer's per-encoding methods are public in Node but missing from @types/node. They skip the encoding's look-up,
// which counts on the path of every command.
declare global {
  interface Buffer {
    latin1Slice(start?: number, end?: number): string;
    latin1Write(text: string, offset?: number, length?: number): number;
  }
}

export {};
