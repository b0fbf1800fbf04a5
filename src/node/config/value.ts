/**
 * Owns the reading and writing of single values as redis.conf has them: whole numbers, memory sizes, quoted text.
 * Values are canonical text, exact beyond what a number can hold. Source: Redis util.c memtoull, config.c
 * numericParseString, rewriteConfigFormatMemory; sds.c sdscatrepr.
 */

const units: Readonly<Record<string, bigint>> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n * 1000n,
  mb: 1024n * 1024n,
  g: 1000n * 1000n * 1000n,
  gb: 1024n * 1024n * 1024n,
};

/** Bytes of "100", "64mb", "1g"; undefined for anything else. */
export function parseMemory(text: string): bigint | undefined {
  const match = /^(\d{0,127})([a-zA-Z]*)$/.exec(text);
  const unit = units[match?.[2]?.toLowerCase() ?? '?'];
  // A lone unit counts as 0, as strtoull gives it.
  return match === null || unit === undefined
    ? undefined
    : BigInt.asUintN(64, BigInt(match[1] || '0') * unit);
}

/** With the largest unit that divides it, as CONFIG REWRITE writes sizes. */
export function formatMemory(bytes: bigint): string {
  if (bytes === 0n) return '0';
  for (const [unit, size] of [
    ['gb', units['gb']],
    ['mb', units['mb']],
    ['kb', units['kb']],
  ] as const) {
    if (size !== undefined && bytes % size === 0n) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** A signed 64-bit number as Redis's string2ll reads it: no sign but '-', no leading zeros, no spaces. */
export function parseInteger(text: string): bigint | undefined {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

const reprEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

/** Latin1 text in double quotes, with what cannot be printed escaped; read back by split-args.ts. */
export function quote(text: string): string {
  const body = text.replace(
    /[^ !#-[\]-~]/g,
    (char) => reprEscapes[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${body}"`;
}
