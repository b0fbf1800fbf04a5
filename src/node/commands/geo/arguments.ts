/**
 * Owns the reading of places, lengths and units, and how they are replied. Source: Redis geo.c extractLongLatOrReply, extractUnitOrReply,
 * extractDistanceOrReply, extractBoxOrReply, addReplyDoubleDistance; networking.c addReplyHumanLongDouble.
 */
import { array, bulk, error, type RespVersion } from '../../../protocol/resp/encode.ts';
import { formatFixed, formatHuman } from '../../../protocol/text/double.ts';
import { parseExactDouble } from '../../command/double.ts';
import { NOT_A_FLOAT } from '../../command/errors.ts';
import { isOnMap, type Point } from '../../types/zset/geo/cell.ts';

const UNKNOWN_UNIT = error('ERR unsupported unit provided. please use M, KM, FT, MI');
const NO_RADIUS = error('ERR need numeric radius');
const NO_WIDTH = error('ERR need numeric width');
const NO_HEIGHT = error('ERR need numeric height');
const NEGATIVE_RADIUS = error('ERR radius cannot be negative');
const NEGATIVE_BOX = error('ERR height or width cannot be negative');

const metersPerUnit = new Map([
  ['m', 1],
  ['km', 1000],
  ['ft', 0.3048],
  ['mi', 1609.34],
]);

/** Meters, or the error reply. */
export function parseUnit(text: string): number | string {
  return metersPerUnit.get(text.toLowerCase()) ?? UNKNOWN_UNIT;
}

/** Longitude and latitude at `at`, or the error reply. */
export function parsePoint(argv: readonly string[], at: number): Point | string {
  const longitude = parseExactDouble(argv[at] as string);
  const latitude = parseExactDouble(argv[at + 1] as string);
  if (longitude === undefined || latitude === undefined) return NOT_A_FLOAT;
  const point = { longitude, latitude };
  if (isOnMap(point)) return point;
  return error(
    `ERR invalid longitude,latitude pair ${formatFixed(longitude, 6)},${formatFixed(latitude, 6)}`,
  );
}

/** What a search by radius or box says of its size. */
export type Extent =
  | { readonly kind: 'circle'; readonly radiusMeters: number; readonly unitMeters: number }
  | {
      readonly kind: 'box';
      readonly widthMeters: number;
      readonly heightMeters: number;
      readonly unitMeters: number;
    };

/** A radius and its unit at `at`, or the error reply. */
export function parseCircle(argv: readonly string[], at: number): Extent | string {
  const radius = parseExactDouble(argv[at] as string);
  if (radius === undefined) return NO_RADIUS;
  if (radius < 0) return NEGATIVE_RADIUS;
  const unitMeters = parseUnit(argv[at + 1] as string);
  if (typeof unitMeters === 'string') return unitMeters;
  return { kind: 'circle', radiusMeters: radius * unitMeters, unitMeters };
}

/** Width, height and their unit at `at`, or the error reply. */
export function parseBox(argv: readonly string[], at: number): Extent | string {
  const width = parseExactDouble(argv[at] as string);
  if (width === undefined) return NO_WIDTH;
  const height = parseExactDouble(argv[at + 1] as string);
  if (height === undefined) return NO_HEIGHT;
  if (width < 0 || height < 0) return NEGATIVE_BOX;
  const unitMeters = parseUnit(argv[at + 2] as string);
  if (typeof unitMeters === 'string') return unitMeters;
  return { kind: 'box', widthMeters: width * unitMeters, heightMeters: height * unitMeters, unitMeters };
}

/** A distance with four digits behind the point; a bulk string in both protocols. */
export function distanceReply(distance: number): string {
  const scaled = distance * 10_000;
  const whole = Math.floor(scaled);
  const rest = scaled - whole;
  const digits = String(rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole).padStart(5, '0');
  return bulk(`${digits.slice(0, -4)}.${digits.slice(-4)}`);
}

export function pointReply({ longitude, latitude }: Point, resp: RespVersion): string {
  const number = (value: number): string =>
    resp === 2 ? bulk(formatHuman(value)) : `,${formatHuman(value)}\r\n`;
  return array([number(longitude), number(latitude)]);
}
