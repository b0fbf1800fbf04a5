/**
 * Owns the geohash: the cell of a grid on the map in which a point lies, and its number, which is the score of a point.
 * A grid of step n has 2^n columns and rows. Source: Redis geohash.c, geohash_helper.c geohashAlign52Bits, geo.c decodeGeohash.
 */

/** The finest grid: scores have 52 bits. */
export const FINEST_STEP = 26;
const LONGITUDE_MAX = 180;
/** The square map ends before the poles. */
const LATITUDE_MAX = 85.05112878;

/** Degrees. */
export interface Point {
  readonly longitude: number;
  readonly latitude: number;
}

/** Column and row count from the south-west. Past the last one only for points on the edge itself. */
export interface Cell {
  readonly column: number;
  readonly row: number;
  readonly step: number;
}

/** In degrees. */
export interface Area {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

export function isOnMap({ longitude, latitude }: Point): boolean {
  return Math.abs(longitude) <= LONGITUDE_MAX && Math.abs(latitude) <= LATITUDE_MAX;
}

/** The cell of a point that is on the map. `latitudeMax`: where the map ends. */
export function cellOf({ longitude, latitude }: Point, step: number, latitudeMax = LATITUDE_MAX): Cell {
  const cells = 2 ** step;
  const column = ((longitude + LONGITUDE_MAX) / (2 * LONGITUDE_MAX)) * cells;
  const row = ((latitude + latitudeMax) / (2 * latitudeMax)) * cells;
  return { column: Math.trunc(column), row: Math.trunc(row), step };
}

export function areaOf({ column, row, step }: Cell): Area {
  const cells = 2 ** step;
  const longitude = (at: number): number => -LONGITUDE_MAX + (at / cells) * (2 * LONGITUDE_MAX);
  const latitude = (at: number): number => -LATITUDE_MAX + (at / cells) * (2 * LATITUDE_MAX);
  return {
    west: longitude(column),
    // Numbers that are no geohash have columns of 32 bits, which begin anew there.
    east: longitude((column + 1) >>> 0),
    south: latitude(row),
    north: latitude((row + 1) >>> 0),
  };
}

/** The cell so many columns and rows away; the grid goes on at the other side. */
export function neighbour({ column, row, step }: Cell, columns: number, rows: number): Cell {
  const cells = 2 ** step;
  const moved = (at: number, by: number): number => (by === 0 ? at : (at + by + cells) % cells);
  return { column: moved(column, columns), row: moved(row, rows), step };
}

/** The bits of 16 bits, each followed by a zero. */
function spread(bits: number): number {
  let spaced = bits & 0xffff;
  spaced = (spaced | (spaced << 8)) & 0x00ff00ff;
  spaced = (spaced | (spaced << 4)) & 0x0f0f0f0f;
  spaced = (spaced | (spaced << 2)) & 0x33333333;
  return (spaced | (spaced << 1)) & 0x55555555;
}

/** Every other bit of 32, from the lowest on. */
function gather(bits: number): number {
  let joined = bits & 0x55555555;
  joined = (joined | (joined >>> 1)) & 0x33333333;
  joined = (joined | (joined >>> 2)) & 0x0f0f0f0f;
  joined = (joined | (joined >>> 4)) & 0x00ff00ff;
  return (joined | (joined >>> 8)) & 0xffff;
}

/** Bits of row and column by turns, the lowest of the row first. */
function interleave(row: number, column: number): number {
  return (spread(row) | (spread(column) << 1)) >>> 0;
}

/** The scores of the points in a cell: [from, to). */
export function scoresOf({ column, row, step }: Cell): [from: number, to: number] {
  const bits = interleave(row >>> 16, column >>> 16) * 2 ** 32 + interleave(row, column);
  const size = 4 ** (FINEST_STEP - step);
  return [bits * size, (bits + 1) * size];
}

/** The score of a point: the number of its cell in the finest grid. */
export function scoreOf(point: Point): number {
  return scoresOf(cellOf(point, FINEST_STEP))[0];
}

const UINT32 = 2 ** 32;

/** The point that a score stands for, the middle of its cell; some point for any number, as Redis gives it. */
export function pointOf(score: number): Point {
  const whole = inRange(score);
  const high = Math.floor(whole / UINT32) >>> 0;
  const low = whole >>> 0;
  const column = ((gather(high >>> 1) << 16) | gather(low >>> 1)) >>> 0;
  const row = ((gather(high) << 16) | gather(low)) >>> 0;
  const { west, east, south, north } = areaOf({ column, row, step: FINEST_STEP });
  return {
    longitude: clamp((west + east) / 2, LONGITUDE_MAX),
    latitude: clamp((south + north) / 2, LATITUDE_MAX),
  };
}

/** A score as x86 makes 64 bits of it: a negative one counts from the end, one that does not fit gives a constant. */
function inRange(score: number): number {
  if (score >= UINT32 * UINT32) return 0;
  return score < -(2 ** 63) ? 2 ** 63 : Math.trunc(score);
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, -max), max);
}

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';
const HASH_DIGITS = 10;

/** The geohash as others write it, of which the last of eleven digits is always 0: their map ends at the poles. */
export function geohashText(point: Point): string {
  const [bits] = scoresOf(cellOf(point, FINEST_STEP, 90));
  let text = '';
  for (let digit = 1; digit <= HASH_DIGITS; digit++)
    text += ALPHABET[Math.floor(bits / 2 ** (2 * FINEST_STEP - 5 * digit)) % ALPHABET.length];
  return `${text}0`;
}
