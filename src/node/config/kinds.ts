/**
 * Owns the usual kinds of directives: yes/no, numbers, text, enumerations. A kind checks a value given as arguments and
 * turns it into canonical text, the form that CONFIG GET shows. Source: Redis config.c, "Configs that fit one of the major types".
 */
import { formatMemory, parseInteger, parseMemory, quote } from './value.ts';

/** Why a value was not taken, in Redis's words. */
export interface Refusal {
  readonly refusal: string;
}

export interface ParseContext {
  /** The value so far. */
  readonly current: string;
  /** True while redis.conf and the command line are read, false for CONFIG SET. */
  readonly starting: boolean;
  /** Whether this directive was already given while starting. */
  readonly given: boolean;
}

/** One line of redis.conf that CONFIG REWRITE wants; `force` adds it where the file has no such line. */
export interface RewriteLine {
  readonly text: string;
  readonly force: boolean;
}

export interface Kind {
  readonly defaultText: string;
  parse(args: readonly string[], context: ParseContext): string | Refusal;
  /** What CONFIG GET shows of a value, where that is not all of it. */
  shown?(value: string): string;
  /** The lines for `name` with this value; none takes the directive out of the file. */
  rewrite(name: string, value: string): readonly RewriteLine[];
}

export function isRefusal(result: string | Refusal): result is Refusal {
  return typeof result !== 'string';
}

export function yesNo(defaultValue: boolean, check?: (value: boolean) => string | undefined): Kind {
  const defaultText = defaultValue ? 'yes' : 'no';
  return {
    defaultText,
    parse([text = '']) {
      const value = text.toLowerCase();
      if (value !== 'yes' && value !== 'no') return { refusal: "argument must be 'yes' or 'no'" };
      const refusal = check?.(value === 'yes');
      return refusal === undefined ? value : { refusal };
    },
    rewrite: (name, value) => [{ text: `${name} ${value}`, force: value !== defaultText }],
  };
}

export interface TextOptions {
  /** An empty value means that there is none: the directive then leaves the file. */
  readonly emptyIsNone?: boolean;
  readonly check?: (value: string) => string | undefined;
}

export function text(defaultText: string, options: TextOptions = {}): Kind {
  return {
    defaultText,
    parse([value = '']) {
      const refusal = options.check?.(value);
      return refusal === undefined ? value : { refusal };
    },
    rewrite(name, value) {
      if (options.emptyIsNone && value === '') return [];
      // A directive whose default is "none" is written whenever it has a value.
      const force = options.emptyIsNone ? true : value !== defaultText;
      return [{ text: `${name} ${quote(value)}`, force }];
    },
  };
}

export type NumberForm = 'integer' | 'memory' | 'octal' | 'memory or percent';

function parseNumber(form: NumberForm, value: string): bigint | Refusal {
  if (form === 'integer')
    return parseInteger(value) ?? { refusal: "argument couldn't be parsed into an integer" };
  if (form === 'octal') {
    if (/^\s*[-+]?[0-7]{1,21}$/.test(value)) {
      const sign = value.includes('-') ? -1n : 1n;
      return sign * BigInt(`0o${value.replace(/[\s+-]/g, '')}`);
    }
    return { refusal: "argument couldn't be parsed as an octal number" };
  }
  const bytes = parseMemory(value);
  if (bytes !== undefined) return bytes;
  if (form === 'memory') return { refusal: 'argument must be a memory value' };
  const percent = value.endsWith('%') ? parseInteger(value.slice(0, -1)) : undefined;
  if (percent !== undefined && percent >= 0n) return -percent;
  return { refusal: 'argument must be a memory or percent value' };
}

/** A whole number in [lower, upper]; percentages are kept as negative numbers, shown with '%'. */
export function numeric(
  form: NumberForm,
  defaultValue: number | bigint,
  lower: number | bigint,
  upper: number | bigint,
): Kind {
  const show = (value: bigint): string =>
    form === 'octal'
      ? value.toString(8)
      : form === 'memory or percent' && value < 0n
        ? `${-value}%`
        : String(value);
  const low = BigInt(lower);
  const high = BigInt(upper);
  const defaultText = show(BigInt(defaultValue));
  return {
    defaultText,
    parse([given = '']) {
      const value = parseNumber(form, given);
      if (typeof value !== 'bigint') return value;
      if (form === 'memory or percent' && value < 0n) {
        return value < low
          ? { refusal: `percentage argument must be less or equal to ${-low}` }
          : show(value);
      }
      if (value < low || value > high)
        return { refusal: `argument must be between ${show(low)} and ${show(high)} inclusive` };
      return show(value);
    },
    rewrite(name, value) {
      const sized = form.startsWith('memory') && !value.endsWith('%');
      const shown = sized ? formatMemory(BigInt(value)) : value;
      return [{ text: `${name} ${shown}`, force: value !== defaultText }];
    },
  };
}

/** The same kind, but values outside [low, high] are taken for the nearest one inside. */
export function clamped(kind: Kind, low: number, high: number): Kind {
  return {
    ...kind,
    parse(args, context) {
      const result = kind.parse(args, context);
      return isRefusal(result) ? result : String(Math.min(high, Math.max(low, Number(result))));
    },
  };
}

export interface EnumOptions {
  /** Names that mean the same as another: shown as that one. */
  readonly same?: Readonly<Record<string, string>>;
}

/** One of `names`; the default comes first. */
export function oneOf(defaultText: string, names: readonly string[], options: EnumOptions = {}): Kind {
  return {
    defaultText,
    parse(args) {
      const value = args.length === 1 ? (args[0] as string).toLowerCase() : '';
      if (!names.includes(value))
        return { refusal: `argument(s) must be one of the following: ${names.join(', ')}` };
      return options.same?.[value] ?? value;
    },
    rewrite: (name, value) => [{ text: `${name} ${value}`, force: value !== defaultText }],
  };
}

/** Any of `names` together, `none` for no one; shown in the order of the names. */
export function anyOf(
  none: string,
  names: readonly string[],
  check: (chosen: readonly string[]) => string | undefined,
): Kind {
  return {
    defaultText: none,
    parse(args) {
      const given = args.map((arg) => arg.toLowerCase());
      if (given.length === 0 || given.some((word) => word !== none && !names.includes(word)))
        return { refusal: `argument(s) must be one of the following: ${[none, ...names].join(', ')}` };
      const chosen = names.filter((name) => given.includes(name));
      const refusal = check(chosen);
      if (refusal !== undefined) return { refusal };
      return chosen.length === 0 ? none : chosen.join(' ');
    },
    rewrite: (name, value) => [{ text: `${name} ${value}`, force: value !== none }],
  };
}
