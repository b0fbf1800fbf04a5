/**
 * Owns the choice of several elements at random, as SRANDMEMBER, HRANDFIELD and ZRANDMEMBER with a count make it.
 * Source: Redis t_set.c srandmemberWithCountCommand; t_hash.c hrandfieldWithCountCommand.
 */
import type { Random } from '../../core/random.ts';
import { error } from '../../protocol/resp/encode.ts';
import { parseInt64 } from '../command/arguments.ts';
import { NOT_AN_INTEGER } from '../command/errors.ts';

const COUNT_OUT_OF_RANGE = error(
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
);
export const OUT_OF_RANGE = error('ERR value is out of range');

/** More elements than this, the same ones over and over, are refused: no reply could hold many more. */
const MAX_REPEATED = 10_000_000;
/** When more than one in so many is wanted, it is better to mix all of them. */
const MIX_SHARE = 3;

/** What is chosen from. The same element is always given as the same value (===). */
export interface Choices<T> {
  readonly size: number;
  all(): Iterable<T>;
  /** Any, with the same chance for each. */
  pick(): T;
}

/** The count of such a command, or the error reply. Rounded beyond 2^53, which no collection has. */
export function parseCount(text: string): number | string {
  const count = parseInt64(text);
  if (count === undefined) return NOT_AN_INTEGER;
  return count < -9223372036854775807n ? COUNT_OUT_OF_RANGE : Number(count);
}

/**
 * A negative count asks for so many, some perhaps several times; any other for that many different ones at most. Or the
 * error reply.
 */
export function chooseElements<T>(choices: Choices<T>, count: number, random: Random): T[] | string {
  if (count >= 0) return chooseDistinct(choices, count, random);
  if (-count > MAX_REPEATED) return OUT_OF_RANGE;
  return Array.from({ length: -count }, () => choices.pick());
}

function chooseDistinct<T>(choices: Choices<T>, count: number, random: Random): T[] {
  if (count >= choices.size) return [...choices.all()];
  if (count * MIX_SHARE > choices.size) return mixed([...choices.all()], count, random);
  const chosen = new Set<T>();
  while (chosen.size < count) chosen.add(choices.pick());
  return [...chosen];
}

/** The first `count` after a shuffle (Fisher and Yates). */
function mixed<T>(elements: T[], count: number, random: Random): T[] {
  for (let place = 0; place < count; place++) {
    const other = place + random.below(elements.length - place);
    [elements[place], elements[other]] = [elements[other] as T, elements[place] as T];
  }
  elements.length = count;
  return elements;
}
