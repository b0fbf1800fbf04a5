/**
 * Owns the union, intersection and difference of scored members, and what becomes of scores. Never knows a key. Source: Redis
 * t_zset.c zunionInterAggregate, zdiff.
 */
import type { Value } from '../../keyspace/value.ts';
import type { ScoredMember } from '../../types/zset/sorted-set.ts';

export type Aggregate = 'sum' | 'min' | 'max';

export interface Source {
  /** Two sources of the same value are the same. */
  readonly value: Value | undefined;
  readonly size: number;
  weight: number;
  members(): Iterable<ScoredMember>;
  score(member: string): number | undefined;
}

/** Infinity and its opposite, or infinity times zero, count as nothing. */
function orZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}

function aggregated(score: number, other: number, aggregate: Aggregate): number {
  if (aggregate === 'sum') return orZero(score + other);
  if (aggregate === 'min') return other < score ? other : score;
  return other > score ? other : score;
}

/** In any order; sums depend in their last digits on the order of the sources. */
export function unite(sources: readonly Source[], aggregate: Aggregate): ScoredMember[] {
  const scores = new Map<string, number>();
  for (const source of sources) {
    for (const { key, score } of source.members()) {
      const weighted = orZero(source.weight * score);
      const before = scores.get(key);
      scores.set(key, before === undefined ? weighted : aggregated(before, weighted, aggregate));
    }
  }
  return Array.from(scores, ([key, score]) => ({ key, score }));
}

/** The sources by ascending size. At most `limit` members; 0 for all. */
export function intersect(sources: readonly Source[], aggregate: Aggregate, limit: number): ScoredMember[] {
  const [smallest, ...others] = sources;
  const found: ScoredMember[] = [];
  for (const { key, score } of smallest?.members() ?? []) {
    let result: number | undefined = orZero((smallest?.weight ?? 1) * score);
    for (const { score: scoreIn, weight } of others) {
      const other: number | undefined = scoreIn(key);
      if (other === undefined) {
        result = undefined;
        break;
      }
      result = aggregated(result, other * weight, aggregate);
    }
    if (result === undefined) continue;
    found.push({ key, score: result });
    if (found.length === limit) break;
  }
  return found;
}

/** What only the first has. */
export function differ(sources: readonly Source[]): ScoredMember[] {
  const [first, ...others] = sources;
  // The larger another is, the sooner it is likely to have a member.
  others.sort((a, b) => b.size - a.size);
  const found: ScoredMember[] = [];
  if (first === undefined || others.some(({ value }) => value !== undefined && value === first.value))
    return found;
  for (const { key, score } of first.members())
    if (!others.some((other) => other.score(key) !== undefined)) found.push({ key, score });
  return found;
}
