/**
 * Owns the order that SORT makes: by numbers, or by text. Source: Redis sort.c sortCompare.
 */
import { parseExactDouble } from '../../command/double.ts';
import type { Lookup } from './pattern.ts';

interface Weighted<W> {
  readonly element: string;
  readonly weight: W;
}

/** The number that a text is to SORT, as C reads it: blanks may come before, none is 0. Undefined when it is none. */
function numberOf(text: string): number | undefined {
  const read = cString(text);
  return read === '' ? 0 : parseExactDouble(read.replace(/^[ \t-\r]+/, ''));
}

/** What C sees of a text: it ends at a zero byte. */
function cString(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sorts by numbers, equal ones by the elements; undefined when something is no number. Without a number it is 0. */
export function sortByNumbers(elements: readonly string[], weightOf: Lookup): string[] | undefined {
  const weighted: Weighted<number>[] = [];
  for (const element of elements) {
    const text = weightOf(element);
    const weight = text === undefined ? 0 : numberOf(text);
    if (weight === undefined) return undefined;
    weighted.push({ element, weight });
  }
  weighted.sort((a, b) =>
    a.weight < b.weight ? -1 : a.weight > b.weight ? 1 : compareText(a.element, b.element),
  );
  return weighted.map(({ element }) => element);
}

/**
 * Sorts by texts, those without one first; equal ones stay in their order. `whole`: all bytes count (a result that is
 * kept is the same on all nodes); else texts end at a zero byte.
 */
export function sortByTexts(
  elements: readonly string[],
  weightOf: Lookup,
  { whole, descending }: { readonly whole: boolean; readonly descending: boolean },
): string[] {
  const weighted: Weighted<string | undefined>[] = elements.map((element) => {
    const text = weightOf(element);
    return { element, weight: text === undefined || whole ? text : cString(text) };
  });
  const sign = descending ? -1 : 1;
  weighted.sort(({ weight: a }, { weight: b }) => {
    if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -sign : sign;
    return sign * compareText(a, b);
  });
  return weighted.map(({ element }) => element);
}
