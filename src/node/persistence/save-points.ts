/** Owns the save points of the directive `save`: so many changes in so many seconds. Source: Redis server.c serverCron. */

export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** "3600 1 300 100"; none for an empty text. */
export function savePoints(text: string): SavePoint[] {
  const numbers = text.split(' ').filter(Boolean).map(Number);
  const points: SavePoint[] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2)
    points.push({ seconds: numbers[at] as number, changes: numbers[at + 1] as number });
  return points;
}

/** The first point that is reached by so many changes since a save so long ago. */
export function reachedPoint(
  points: readonly SavePoint[],
  changes: number,
  secondsSinceSave: number,
): SavePoint | undefined {
  return points.find((point) => changes >= point.changes && secondsSinceSave > point.seconds);
}
