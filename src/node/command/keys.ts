/**
 * Owns where the keys of a command are: from its key specs, or from the row's own function where they do not tell.
 * Source: Redis db.c getKeysUsingKeySpecs, getKeysFromCommandWithSpecs; "Command key specifications".
 */
import type { CommandRow, KeyReference, KeySpec } from './row.ts';

/** Index of the first argument the spec speaks of; 0 when its keyword is not there. */
function beginOf(spec: KeySpec, argv: readonly string[]): number {
  const begin = spec.begin;
  if (begin.type === 'index') return begin.index;
  if (begin.type === 'unknown') return 0;
  const forward = begin.startFrom > 0;
  const start = forward ? begin.startFrom : argv.length + begin.startFrom;
  const end = forward ? argv.length - 1 : 1;
  const step = start <= end ? 1 : -1;
  for (let at = start; at !== end && at >= 1 && at < argv.length; at += step) {
    if ((argv[at] as string).toUpperCase() === begin.keyword) return at + 1;
  }
  return 0;
}

/** The keys of one spec, added to `found`. False when the arguments do not fit it. */
function addKeys(spec: KeySpec, argv: readonly string[], found: KeyReference[]): boolean {
  if (spec.begin.type === 'unknown' || spec.find.type === 'unknown') return false;
  let first = beginOf(spec, argv);
  if (first === 0) return true;
  const find = spec.find;
  let last: number;
  if (find.type === 'keynum') {
    const text = argv[first + find.keyNumIndex];
    if (text === undefined || !/^(?:0|[1-9]\d{0,9})$/.test(text)) return false;
    first += find.firstKey;
    last = first + Number(text) - 1;
  } else if (find.lastKey >= 0) {
    last = first + find.lastKey;
  } else if (find.limit === 0) {
    last = argv.length + find.lastKey;
  } else {
    // A limit of n takes the first 1/n of what is left (XREAD: the keys, then as many ids).
    last = first + Math.trunc((argv.length - first) / find.limit) + find.lastKey;
  }
  if (last >= argv.length || last < first || first >= argv.length) return false;
  for (let index = first; index <= last; index += find.step) found.push({ index, flags: spec.flags });
  return !spec.flags.includes('incomplete');
}

/**
 * The keys of `argv`, in the order of the row's specs. None when the arguments do not fit (a key count that is no
 * number or runs past the end): the command itself will say what is wrong. Specs marked `not_key` (a sharded
 * channel) are left out unless `withNotKeys`.
 */
export function keyReferences(
  row: CommandRow,
  argv: readonly string[],
  withNotKeys = false,
): readonly KeyReference[] {
  const specs = row.keySpecs.filter((spec) => withNotKeys || !spec.flags.includes('not_key'));
  if (specs.length > 0 && !row.keySpecs.some((spec) => spec.flags.includes('variable_flags'))) {
    const found: KeyReference[] = [];
    if (specs.every((spec) => addKeys(spec, argv, found))) return found;
  }
  return (row.getKeys?.(argv) ?? []).map((place) =>
    typeof place === 'number' ? { index: place, flags: row.keySpecs[0]?.flags ?? [] } : place,
  );
}

/** The keys themselves; none when the arguments do not fit. */
export function keysOf(row: CommandRow, argv: readonly string[]): string[] {
  return keyReferences(row, argv).map((reference) => argv[reference.index] as string);
}

/** Where the key is of a command that always has exactly one, at a fixed place; 0 for all others. */
export function singleKeyIndex(row: CommandRow): number {
  const spec = row.keySpecs[0];
  if (row.keySpecs.length !== 1 || spec === undefined || spec.begin.type !== 'index') return 0;
  if (spec.flags.includes('not_key') || spec.flags.includes('incomplete')) return 0;
  return spec.find.type === 'range' && spec.find.lastKey === 0 ? spec.begin.index : 0;
}
