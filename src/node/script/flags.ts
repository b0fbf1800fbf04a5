/**
 * Owns the flags of scripts: their names, the first line of a script that tells them, and what they mean for the gates of a
 * command. Source: Redis script.c scripts_flags_def, scriptFlagsToCmdFlags; eval.c evalExtractShebangFlags.
 */
import { splitArgs } from '../../protocol/resp/split-args.ts';
import { flagBits } from '../command/table.ts';

export const scriptFlags = {
  noWrites: 1,
  allowOom: 2,
  allowStale: 4,
  noCluster: 8,
  allowCrossSlotKeys: 16,
  /** A script of EVAL without a first line that tells its flags: its commands are looked at one by one. */
  compatible: 32,
} as const;

/** By the names that scripts use, in Redis's order. */
export const flagNames: readonly (readonly [name: string, flag: number])[] = [
  ['no-writes', scriptFlags.noWrites],
  ['allow-oom', scriptFlags.allowOom],
  ['allow-stale', scriptFlags.allowStale],
  ['no-cluster', scriptFlags.noCluster],
  ['allow-cross-slot-keys', scriptFlags.allowCrossSlotKeys],
];

export interface Shebang {
  readonly flags: number;
  /** Characters before the code; the line break that ends the first line belongs to the code, which keeps its line numbers. */
  readonly length: number;
}

/** What the first line of a script of EVAL says, or the error text. */
export function readShebang(body: string): Shebang | string {
  if (!body.startsWith('#!')) return { flags: scriptFlags.compatible, length: 0 };
  const length = body.indexOf('\n');
  if (length < 0) return 'Invalid script shebang';
  const [engine, ...options] = splitArgs(body.slice(0, length)) ?? [];
  if (engine === undefined) return 'Invalid engine in script shebang';
  if (engine !== '#!lua') return `Unexpected engine in script shebang: ${engine}`;
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith('flags=')) return `Unknown lua shebang option: ${option}`;
    const names = option.slice('flags='.length);
    for (const name of names === '' ? [] : names.split(',')) {
      const flag = flagNames.find(([known]) => known === name)?.[1];
      if (flag === undefined) return `Unexpected flag in script shebang: ${name}`;
      flags |= flag;
    }
  }
  return { flags, length };
}

/** The flags of a command that runs a script with these flags. */
export function commandBits(bits: number, flags: number): number {
  if ((flags & scriptFlags.compatible) !== 0) return bits;
  let result = bits & ~(flagBits.stale | flagBits.denyoom | flagBits.write | flagBits.may_replicate);
  if ((flags & (scriptFlags.allowOom | scriptFlags.noWrites)) === 0) result |= flagBits.denyoom;
  if ((flags & scriptFlags.noWrites) === 0) result |= flagBits.write;
  if ((flags & scriptFlags.allowStale) !== 0) result |= flagBits.stale;
  return result;
}
