/**
 * Owns the arguments of the searches: where the center is, what is searched around it, and what is given or kept of what is
 * found. Source: Redis geo.c georadiusGeneric.
 */
import { error } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type Point, pointOf } from '../../types/zset/geo/cell.ts';
import type { SortedSet } from '../../types/zset/sorted-set.ts';
import { type Extent, parseBox, parseCircle, parsePoint } from './arguments.ts';

const COUNT_TOO_SMALL = error('ERR COUNT must be > 0');
const NO_SUCH_MEMBER = error('ERR could not decode requested zset member');
const ANY_WITHOUT_COUNT = error('ERR the ANY argument requires COUNT argument');

/** Which of the commands it is. */
export interface SearchForm {
  /** Where the center and the radius are: at fixed places, or as options (GEOSEARCH). */
  readonly center: 'point' | 'member' | 'options';
  /** GEOSEARCHSTORE: the first key is where the result goes. */
  readonly storing: boolean;
  /** The _RO forms, which do not know STORE. */
  readonly readonly: boolean;
}

export interface SearchOptions {
  /** Absent when the key to be searched is: it is not looked at then. */
  center: Point | undefined;
  extent: Extent | undefined;
  distances: boolean;
  hashes: boolean;
  points: boolean;
  /** The first that are found will do: `count` of them. */
  any: boolean;
  /** 0: all. */
  count: number;
  order: 'nearest first' | 'farthest first' | undefined;
  storeKey: string | undefined;
  /** Distances are kept as scores, not places. */
  storeDistances: boolean;
}

/** The place of a member; undefined when there is no set, or the error reply. */
function memberPoint(set: SortedSet | undefined, member: string): Point | undefined | string {
  const score = set?.score(member);
  if (score !== undefined) return pointOf(score);
  return set === undefined ? undefined : NO_SUCH_MEMBER;
}

/** Reads the words of one search. */
class Reader {
  readonly options: SearchOptions;
  readonly #argv: readonly string[];
  readonly #form: SearchForm;
  readonly #set: SortedSet | undefined;
  #from: 'member' | 'point' | undefined;

  constructor(argv: readonly string[], form: SearchForm, set: SortedSet | undefined) {
    this.#argv = argv;
    this.#form = form;
    this.#set = set;
    this.options = {
      center: undefined,
      extent: undefined,
      distances: false,
      hashes: false,
      points: false,
      any: false,
      count: 0,
      order: undefined,
      storeKey: form.storing ? argv[1] : undefined,
      storeDistances: false,
    };
  }

  /** The center and radius that stand at fixed places: how many words there are before the options, or the error reply. */
  fixed(): number | string {
    const { center } = this.#form;
    if (center === 'options') return this.#form.storing ? 3 : 2;
    if (center === 'member' && this.#set === undefined) return 5;
    const point =
      center === 'point' ? parsePoint(this.#argv, 2) : memberPoint(this.#set, this.#argv[2] as string);
    if (typeof point === 'string') return point;
    this.options.center = point;
    const radiusAt = center === 'point' ? 4 : 3;
    const extent = parseCircle(this.#argv, radiusAt);
    if (typeof extent === 'string') return extent;
    this.options.extent = extent;
    return radiusAt + 2;
  }

  /** How many words the option at `at` has, or the error reply. */
  option(at: number): number | string {
    const { options } = this;
    const word = (this.#argv[at] as string).toLowerCase();
    switch (word) {
      case 'withdist':
        options.distances = true;
        return 1;
      case 'withhash':
        options.hashes = true;
        return 1;
      case 'withcoord':
        options.points = true;
        return 1;
      case 'any':
        options.any = true;
        return 1;
      case 'asc':
      case 'desc':
        options.order = word === 'asc' ? 'nearest first' : 'farthest first';
        return 1;
      case 'count':
        return this.#count(at);
      case 'store':
      case 'storedist':
        return this.#store(word, at);
      default:
        return this.#form.center === 'options' ? this.#searched(word, at) : SYNTAX_ERROR;
    }
  }

  #left(at: number): number {
    return this.#argv.length - at - 1;
  }

  #count(at: number): number | string {
    if (this.#left(at) < 1) return SYNTAX_ERROR;
    const count = parseInteger(this.#argv[at + 1] as string);
    if (count === undefined) return NOT_AN_INTEGER;
    if (count <= 0) return COUNT_TOO_SMALL;
    this.options.count = count;
    return 2;
  }

  #store(word: string, at: number): number | string {
    const { center, storing, readonly } = this.#form;
    if (center === 'options') {
      if (word === 'store' || !storing) return SYNTAX_ERROR;
      this.options.storeDistances = true;
      return 1;
    }
    if (readonly || this.#left(at) < 1) return SYNTAX_ERROR;
    this.options.storeKey = this.#argv[at + 1];
    this.options.storeDistances = word === 'storedist';
    return 2;
  }

  #searched(word: string, at: number): number | string {
    const { options } = this;
    const left = this.#left(at);
    if (word === 'frommember' && left >= 1 && this.#from !== 'point') {
      const point = memberPoint(this.#set, this.#argv[at + 1] as string);
      if (typeof point === 'string') return point;
      options.center = point;
      this.#from = 'member';
      return 2;
    }
    if (word === 'fromlonlat' && left >= 2 && this.#from !== 'member') {
      const point = parsePoint(this.#argv, at + 1);
      if (typeof point === 'string') return point;
      options.center = point;
      this.#from = 'point';
      return 3;
    }
    const round = word === 'byradius';
    const fits = round ? left >= 2 : word === 'bybox' && left >= 3;
    if (!fits || (options.extent !== undefined && (options.extent.kind === 'circle') !== round))
      return SYNTAX_ERROR;
    const extent = round ? parseCircle(this.#argv, at + 1) : parseBox(this.#argv, at + 1);
    if (typeof extent === 'string') return extent;
    options.extent = extent;
    return round ? 3 : 4;
  }

  /** What is missing, or does not go together. */
  check(): string | undefined {
    const { options } = this;
    if (options.storeKey !== undefined && (options.distances || options.hashes || options.points)) {
      const who = this.#form.storing ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
      return error(`ERR ${who} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
    }
    if (this.#form.center === 'options') {
      const name = this.#argv[0];
      if (this.#from === undefined)
        return error(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`);
      if (options.extent === undefined)
        return error(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`);
    }
    return options.any && options.count === 0 ? ANY_WITHOUT_COUNT : undefined;
  }
}

/** The options of a search, or the error reply. `set`: what is searched; undefined when it is not there. */
export function parseSearch(
  argv: readonly string[],
  form: SearchForm,
  set: SortedSet | undefined,
): SearchOptions | string {
  const reader = new Reader(argv, form, set);
  const first = reader.fixed();
  if (typeof first === 'string') return first;
  for (let at = first; at < argv.length; ) {
    const taken = reader.option(at);
    if (typeof taken === 'string') return taken;
    at += taken;
  }
  return reader.check() ?? reader.options;
}
