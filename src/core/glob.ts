/**
 * Owns glob patterns on latin1 strings: * ? [abc] [^a-c] \x. A pattern is compiled once and takes time in proportion to
 * pattern times text at worst. Source: the behaviour of Redis util.c stringmatchlen.
 */

type Token =
  | { readonly type: 'star' }
  | { readonly type: 'any' }
  | { readonly type: 'char'; readonly code: number }
  /** One flag a character code. */
  | { readonly type: 'class'; readonly members: Uint8Array };

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

/** The class that starts behind the bracket at `start - 1`. One without an end goes to the end of the pattern. */
function parseClass(pattern: string, start: number, ignoreCase: boolean): { token: Token; next: number } {
  const members = new Uint8Array(256);
  const negated = pattern[start] === '^';
  let at = negated ? start + 1 : start;
  while (at < pattern.length) {
    const code = pattern.charCodeAt(at);
    if (pattern[at] === '\\' && at + 1 < pattern.length) {
      members[pattern.charCodeAt(at + 1)] = 1;
      at += 2;
    } else if (pattern[at] === ']') {
      break;
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const end = pattern.charCodeAt(at + 2);
      // Folded before they are compared, so that [A-z] means [a-z] where case does not count.
      const [low, high] = ignoreCase ? [lower(code), lower(end)] : [code, end];
      members.fill(1, Math.min(low, high), Math.max(low, high) + 1);
      at += 3;
    } else {
      members[code] = 1;
      at++;
    }
  }
  const shown = new Uint8Array(256);
  for (let code = 0; code < 256; code++) {
    const inside = ignoreCase
      ? members.some((member, other) => member === 1 && lower(other) === lower(code))
      : members[code] === 1;
    shown[code] = inside === negated ? 0 : 1;
  }
  return { token: { type: 'class', members: shown }, next: at + 1 };
}

function parse(pattern: string, ignoreCase: boolean): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at] as string;
    if (char === '*') {
      if (tokens.at(-1)?.type !== 'star') tokens.push({ type: 'star' });
      at++;
    } else if (char === '?') {
      tokens.push({ type: 'any' });
      at++;
    } else if (char === '[') {
      const { token, next } = parseClass(pattern, at + 1, ignoreCase);
      tokens.push(token);
      at = next;
    } else {
      if (char === '\\' && at + 1 < pattern.length) at++;
      const code = pattern.charCodeAt(at);
      tokens.push({ type: 'char', code: ignoreCase ? lower(code) : code });
      at++;
    }
  }
  return tokens;
}

/** A function that tells whether a latin1 text matches the whole pattern. */
export function compileGlob(pattern: string, ignoreCase = false): (text: string) => boolean {
  const tokens = parse(pattern, ignoreCase);
  if (tokens.length === 1 && tokens[0]?.type === 'star') return () => true;
  const accepts = (token: Token, code: number): boolean => {
    if (token.type === 'char') return token.code === (ignoreCase ? lower(code) : code);
    return token.type === 'any' || (token.type === 'class' && token.members[code] === 1);
  };
  return (text) => {
    let at = 0;
    let index = 0;
    // Where to go on when a later token fails: behind the last star, one character further.
    let starIndex = -1;
    let starAt = 0;
    while (at < text.length) {
      const token = tokens[index];
      if (token?.type === 'star') {
        starIndex = index++;
        starAt = at;
      } else if (token !== undefined && accepts(token, text.charCodeAt(at))) {
        index++;
        at++;
      } else if (starIndex >= 0) {
        index = starIndex + 1;
        at = ++starAt;
      } else {
        return false;
      }
    }
    while (tokens[index]?.type === 'star') index++;
    return index === tokens.length;
  };
}
