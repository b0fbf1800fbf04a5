/**
 * Owns the shapes that are searched on the map, distances, and which cells can have points of a shape.
 * Source: Redis geohash_helper.c.
 */
import { type Area, areaOf, type Cell, cellOf, FINEST_STEP, neighbour, type Point } from './cell.ts';

const RADIANS_PER_DEGREE = Math.PI / 180;
const EARTH_RADIUS_METERS = 6372797.560856;
const MAP_METERS = 20037726.37;

/** A circle, or a box along the meridians, around a point. Lengths in meters. */
export type Shape = { readonly center: Point } & (
  | { readonly kind: 'circle'; readonly radiusMeters: number }
  | { readonly kind: 'box'; readonly widthMeters: number; readonly heightMeters: number }
);

const radians = (degrees: number): number => degrees * RADIANS_PER_DEGREE;
const degrees = (angle: number): number => angle / RADIANS_PER_DEGREE;

function latitudeDistance(a: number, b: number): number {
  return EARTH_RADIUS_METERS * Math.abs(radians(b) - radians(a));
}

/** Along the great circle, in meters. */
export function distanceMeters(a: Point, b: Point): number {
  const v = Math.sin((radians(b.longitude) - radians(a.longitude)) / 2);
  if (v === 0) return latitudeDistance(a.latitude, b.latitude);
  const latitudeA = radians(a.latitude);
  const latitudeB = radians(b.latitude);
  const u = Math.sin((latitudeB - latitudeA) / 2);
  const part = u * u + Math.cos(latitudeA) * Math.cos(latitudeB) * v * v;
  // Rounded, it can be a little more than the half around the earth.
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(Math.min(part, 1)));
}

/** The distance from the center, in meters; undefined outside of the shape. */
export function distanceWithin(shape: Shape, point: Point): number | undefined {
  const { center } = shape;
  if (shape.kind === 'circle') {
    const distance = distanceMeters(center, point);
    return distance > shape.radiusMeters ? undefined : distance;
  }
  if (latitudeDistance(point.latitude, center.latitude) > shape.heightMeters / 2) return undefined;
  const beside = { longitude: center.longitude, latitude: point.latitude };
  if (distanceMeters(point, beside) > shape.widthMeters / 2) return undefined;
  return distanceMeters(center, point);
}

/** Half of the width and height of a shape, in meters. */
function halves(shape: Shape): readonly [width: number, height: number] {
  return shape.kind === 'circle'
    ? [shape.radiusMeters, shape.radiusMeters]
    : [shape.widthMeters / 2, shape.heightMeters / 2];
}

/** The shape lies in it, save near the poles. */
function bounds(shape: Shape): Area {
  const { longitude, latitude } = shape.center;
  const [width, height] = halves(shape);
  const up = degrees(height / EARTH_RADIUS_METERS);
  // Meridians come closer to each other towards the pole.
  const widest = latitude < 0 ? latitude - up : latitude + up;
  const aside = degrees(width / EARTH_RADIUS_METERS / Math.cos(radians(widest)));
  return {
    west: longitude - aside,
    east: longitude + aside,
    south: latitude - up,
    north: latitude + up,
  };
}

/** The grid whose cells are about as large as the shape. */
function stepFor(radiusMeters: number, latitude: number): number {
  if (radiusMeters === 0) return FINEST_STEP;
  let step = 1;
  for (let meters = radiusMeters; meters < MAP_METERS; meters *= 2) step++;
  step -= 2;
  const fromEquator = Math.abs(latitude);
  if (fromEquator > 66) step--;
  if (fromEquator > 80) step--;
  return Math.min(Math.max(step, 1), FINEST_STEP);
}

/** North, south, east, west, and what lies between them, in the order in which they are searched. */
const directions = [
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
] as const;

/** Whether the cells around reach over the bounds on every side. */
function covers(cell: Cell, { west, east, south, north }: Area): boolean {
  return !(
    areaOf(neighbour(cell, 0, 1)).north < north ||
    areaOf(neighbour(cell, 0, -1)).south > south ||
    areaOf(neighbour(cell, 1, 0)).east < east ||
    areaOf(neighbour(cell, -1, 0)).west > west
  );
}

/** The cells to search, up to nine; each once. */
export function cellsOf(shape: Shape): readonly Cell[] {
  const limits = bounds(shape);
  const [width, height] = halves(shape);
  const radius = shape.kind === 'circle' ? width : Math.sqrt(width * width + height * height);
  let step = stepFor(radius, shape.center.latitude);
  let cell = cellOf(shape.center, step);
  if (step > 1 && !covers(cell, limits)) cell = cellOf(shape.center, --step);
  const area = areaOf(cell);
  const useless = (columns: number, rows: number): boolean =>
    step >= 2 &&
    ((rows < 0 && area.south < limits.south) ||
      (rows > 0 && area.north > limits.north) ||
      (columns < 0 && area.west < limits.west) ||
      (columns > 0 && area.east > limits.east));
  const cells = [cell];
  let last: Cell | undefined;
  for (const [columns, rows] of directions) {
    if (useless(columns, rows)) continue;
    const next = neighbour(cell, columns, rows);
    // In a grid of two columns or rows the neighbours on both sides are the same.
    if (last !== undefined && next.column === last.column && next.row === last.row) continue;
    cells.push(next);
    last = next;
  }
  return cells;
}
