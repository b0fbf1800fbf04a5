/** Owns the first line of a library's code, which names it. Source: Redis functions.c functionExtractLibMetaData. */
import { splitArgs } from '../../protocol/resp/split-args.ts';

export interface LibraryCode {
  readonly engine: string;
  readonly name: string;
  /** Behind the first line, with its line break. */
  readonly body: string;
}

const NAME_ERROR =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long';

/** Why neither a library nor a function can have this name. */
export function nameError(name: string): string | undefined {
  return /^\w+$/.test(name) ? undefined : NAME_ERROR;
}

/** An error text where the line says something else. */
export function readLibraryCode(code: string): LibraryCode | string {
  if (!code.startsWith('#!')) return 'Missing library metadata';
  const end = code.indexOf('\n');
  if (end < 0) return 'Invalid library metadata';
  const [first, ...parts] = splitArgs(code.slice(0, end)) ?? [];
  if (first === undefined) return 'Invalid library metadata';
  let name: string | undefined;
  for (const part of parts) {
    if (!part.toLowerCase().startsWith('name=')) return `Invalid metadata value given: ${part}`;
    if (name !== undefined) return 'Invalid metadata value, name argument was given multiple times';
    name = part.slice('name='.length);
  }
  if (name === undefined) return 'Library name was not given';
  return { engine: first.slice(2), name, body: code.slice(end) };
}
