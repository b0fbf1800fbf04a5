/**
 * Owns matching of glob patterns on bytes (latin1 strings): `*`, `?`, `[a-z]`, `[^x]`, `\` before a literal. The time is
 * at most pattern length times text length, whatever the pattern.
 * Source: the behaviour of Redis util.c stringmatchlen, its answers to unfinished patterns too.
 */

const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const CLOSE = 93;
const CARET = 94;
const BACKSLASH = 92;
const DASH = 45;

export function globMatches(pattern: string, text: string, ignoreCase = false): boolean {
  // Redis's loop ends before it looks at a star when there is no text.
  if (text.length === 0) return pattern.length === 0;
  let at = 0;
  let place = 0;
  // Where to go on when the part after the last star does not fit: one byte later.
  let afterStar = -1;
  let retryPlace = 0;
  while (place < text.length) {
    if (at < pattern.length && pattern.charCodeAt(at) === STAR) {
      while (pattern.charCodeAt(at) === STAR) at++;
      if (at === pattern.length) return true;
      afterStar = at;
      retryPlace = place;
      continue;
    }
    const next = at < pattern.length ? matchByte(pattern, at, text.charCodeAt(place), ignoreCase) : -1;
    if (next >= 0) {
      at = next;
      place++;
    } else if (afterStar >= 0) {
      at = afterStar;
      place = ++retryPlace;
    } else {
      return false;
    }
  }
  while (pattern.charCodeAt(at) === STAR) at++;
  return at === pattern.length;
}

/** The index behind the element of the pattern at `at` when it matches `byte`, else -1. */
function matchByte(pattern: string, at: number, byte: number, ignoreCase: boolean): number {
  const element = pattern.charCodeAt(at);
  if (element === QUESTION) return at + 1;
  if (element === OPEN) return matchClass(pattern, at + 1, byte, ignoreCase);
  const escaped = element === BACKSLASH && at + 1 < pattern.length;
  const literal = escaped ? pattern.charCodeAt(at + 1) : element;
  if (!sameByte(literal, byte, ignoreCase)) return -1;
  return escaped ? at + 2 : at + 1;
}

/** A class without its end goes to the end of the pattern. */
function matchClass(pattern: string, start: number, byte: number, ignoreCase: boolean): number {
  const negated = pattern.charCodeAt(start) === CARET;
  let at = negated ? start + 1 : start;
  let found = false;
  for (; at < pattern.length; at++) {
    const first = pattern.charCodeAt(at);
    if (first === BACKSLASH && at + 1 < pattern.length) {
      at++;
      if (pattern.charCodeAt(at) === byte) found = true;
    } else if (first === CLOSE) {
      break;
    } else if (at + 2 < pattern.length && pattern.charCodeAt(at + 1) === DASH) {
      if (inRange(first, pattern.charCodeAt(at + 2), byte, ignoreCase)) found = true;
      at += 2;
    } else if (sameByte(first, byte, ignoreCase)) {
      found = true;
    }
  }
  if (found === negated) return -1;
  return Math.min(at + 1, pattern.length);
}

function inRange(from: number, to: number, byte: number, ignoreCase: boolean): boolean {
  // Redis compares C's chars, which are signed: bytes from 128 on come before 0.
  let low = Math.min(signed(from), signed(to));
  let high = Math.max(signed(from), signed(to));
  let value = signed(byte);
  if (ignoreCase) {
    low = lower(low);
    high = lower(high);
    value = lower(value);
  }
  return value >= low && value <= high;
}

function sameByte(a: number, b: number, ignoreCase: boolean): boolean {
  return a === b || (ignoreCase && lower(a) === lower(b));
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}
