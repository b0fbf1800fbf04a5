/**
 * Owns the options that SET and GETEX share. Source: Redis t_string.c parseExtendedStringArgumentsOrReply,
 * getExpireMillisecondsOrReply.
 */
import { absoluteTimeMs, parseInt64 } from '../../command/arguments.ts';
import { invalidExpireTime, NOT_AN_INTEGER } from '../../command/errors.ts';
import type { Context } from '../../dispatch/context.ts';

export type TimeUnit = 'EX' | 'PX' | 'EXAT' | 'PXAT';

export interface SetOptions {
  nx: boolean;
  xx: boolean;
  get: boolean;
  keepTimeToLive: boolean;
  persist: boolean;
  unit: TimeUnit | undefined;
  /** Not yet looked at. */
  time: string;
}

/**
 * The options from argv[first] on; undefined when they do not fit each other. The same unit may come twice (the last
 * counts), two different ones not.
 */
export function parseSetOptions(
  argv: readonly string[],
  first: number,
  command: 'get' | 'set',
): SetOptions | undefined {
  const options: SetOptions = {
    nx: false,
    xx: false,
    get: false,
    keepTimeToLive: false,
    persist: false,
    unit: undefined,
    time: '',
  };
  const setting = command === 'set';
  for (let i = first; i < argv.length; i++) {
    const word = (argv[i] as string).toUpperCase();
    if (word === 'NX' && setting && !options.xx) options.nx = true;
    else if (word === 'XX' && setting && !options.nx) options.xx = true;
    else if (word === 'GET' && setting) options.get = true;
    else if (word === 'KEEPTTL' && setting && options.unit === undefined) options.keepTimeToLive = true;
    else if (word === 'PERSIST' && !setting && options.unit === undefined) options.persist = true;
    else if (
      (word === 'EX' || word === 'PX' || word === 'EXAT' || word === 'PXAT') &&
      (options.unit === undefined || options.unit === word) &&
      !options.keepTimeToLive &&
      !options.persist &&
      i + 1 < argv.length
    ) {
      options.unit = word;
      options.time = argv[++i] as string;
    } else return undefined;
  }
  return options;
}

/** Absolute Unix ms, or the error reply. */
export function parseExpireTime(context: Context, text: string, unit: TimeUnit): number | string {
  const value = parseInt64(text);
  if (value === undefined) return NOT_AN_INTEGER;
  const baseMs = unit === 'EX' || unit === 'PX' ? context.nowMs : 0;
  const timeMs = value <= 0 ? undefined : absoluteTimeMs(value, unit === 'EX' || unit === 'EXAT', baseMs);
  return timeMs ?? invalidExpireTime(context.row.name);
}
