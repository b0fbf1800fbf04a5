/** Owns ranges of places "start stop", both included, where negative ones count from the end. Source: t_list.c addListRangeReply. */

export interface Range {
  readonly start: number;
  /** 0 for an empty range. */
  readonly count: number;
}

const EMPTY: Range = { start: 0, count: 0 };

/** What a range covers of `size` elements. */
export function clampRange(start: number, stop: number, size: number): Range {
  const first = start < 0 ? Math.max(0, size + start) : start;
  const last = Math.min(stop < 0 ? size + stop : stop, size - 1);
  return first > last ? EMPTY : { start: first, count: last - first + 1 };
}
