/** Owns the commands that make a collection anew, a bounded number of elements each. Source: aof.c AOF_REWRITE_ITEMS_PER_CMD. */

const ELEMENTS_PER_COMMAND = 64;

/** `words` begin each command; `items` follow, where `wordsPerElement` of them are one element. */
export function* rewriteInParts(
  words: readonly string[],
  items: Iterable<string>,
  wordsPerElement: number,
): IterableIterator<readonly string[]> {
  const full = words.length + ELEMENTS_PER_COMMAND * wordsPerElement;
  let command = [...words];
  for (const item of items) {
    command.push(item);
    if (command.length < full) continue;
    yield command;
    command = [...words];
  }
  if (command.length > words.length) yield command;
}
