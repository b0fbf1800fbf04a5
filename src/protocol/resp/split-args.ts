/**
 * Owns the splitting of a line into arguments with Redis's quoting: "..." knows \n \r \t \b \a \xHH and takes any
 * other escaped character as it is, '...' knows \' only. Inline requests and redis.conf share it.
 * Source: Redis sds.c sdssplitargs.
 */

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/** The characters of C's isspace. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** What ends a word outside quotes: fewer characters than isspace has. */
function endsWord(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

function hexValue(line: string, at: number): number | undefined {
  const pair = line.slice(at, at + 2);
  return /^[0-9a-fA-F]{2}$/.test(pair) ? Number.parseInt(pair, 16) : undefined;
}

/** The quoted part that starts after the quote at `start - 1`; undefined when it has no end. */
function quoted(line: string, start: number, quote: string): { text: string; next: number } | undefined {
  let text = '';
  for (let at = start; at < line.length; at++) {
    const char = line[at] as string;
    if (char === quote) return { text, next: at + 1 };
    if (char !== '\\' || at + 1 >= line.length) {
      text += char;
      continue;
    }
    const escaped = line[at + 1] as string;
    if (quote === "'") {
      text += escaped === "'" ? "'" : '\\';
      if (escaped === "'") at++;
      continue;
    }
    const byte = escaped === 'x' ? hexValue(line, at + 2) : undefined;
    if (byte !== undefined) {
      text += String.fromCharCode(byte);
      at += 3;
    } else {
      text += escapes[escaped] ?? escaped;
      at++;
    }
  }
  return undefined;
}

/**
 * The arguments of a latin1 line; undefined when quotes are not balanced, or a closing quote is not followed by a
 * space. A NUL character ends the line.
 */
export function splitArgs(line: string): string[] | undefined {
  const nul = line.indexOf('\0');
  const text = nul < 0 ? line : line.slice(0, nul);
  const args: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at++;
    if (at >= text.length) return args;
    let arg = '';
    while (at < text.length && !endsWord(text.charCodeAt(at))) {
      const char = text[at] as string;
      if (char !== '"' && char !== "'") {
        arg += char;
        at++;
        continue;
      }
      const part = quoted(text, at + 1, char);
      if (part === undefined) return undefined;
      if (part.next < text.length && !isSpace(text.charCodeAt(part.next))) return undefined;
      arg += part.text;
      at = part.next;
      break;
    }
    args.push(arg);
  }
}
