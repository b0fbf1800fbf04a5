/**
 * Owns the language in which the arguments of commands are written down (syntax-lines.ts), one line a command.
 * Source: Redis "Command arguments", server.h struct redisCommandArg.
 *
 *     name                 an argument; `name:type` where it is no string, `key#0` for a key that key spec 0 finds
 *     TOKEN 'token'        a word that stands as it is; `name=TOKEN` where its name is not the word itself
 *     TOKEN~argument       a word and what stands behind it
 *     name=(a|b)           one of them
 *     name={a b}           all of them
 *     [argument]           optional
 *     argument...          once or more; `argument&...` with its token each time
 *     argument@6.2.0       since then; `argument!2.8.12` deprecated since then
 */

const types = ['string', 'integer', 'double', 'key', 'pattern', 'unix-time'] as const;

export interface Argument {
  readonly name: string;
  readonly type: (typeof types)[number] | 'pure-token' | 'oneof' | 'block';
  readonly keySpecIndex?: number;
  /** The word before the argument, or the word that it is. */
  readonly token?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly optional?: boolean;
  readonly multiple?: boolean;
  readonly multipleToken?: boolean;
  /** Of 'oneof' and 'block' only. */
  readonly parts?: readonly Argument[];
}

class SyntaxReader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  /** Arguments up to the closing character, or to the end of the line. */
  sequence(closing = ''): Argument[] {
    const found: Argument[] = [];
    for (;;) {
      this.#match(/ */y);
      if (this.#at === this.#line.length || this.#line[this.#at] === '|') break;
      if (this.#line[this.#at] === closing) break;
      found.push(this.#item());
    }
    return found;
  }

  #item(): Argument {
    if (!this.#skip('[')) return this.#argument();
    const inner = this.#argument();
    this.#expect(']');
    return { ...inner, optional: true };
  }

  #argument(): Argument {
    let first = this.#word();
    const token = this.#skip('~') ? first.text : undefined;
    if (token !== undefined) first = this.#word();
    const bare = { name: first.text, ...(token !== undefined && { token }) };
    if (!this.#skip('=')) {
      if (first.isToken)
        return { name: first.text.toLowerCase(), type: 'pure-token', token: first.text, ...this.#marks() };
      const type = this.#skip(':') ? types.find((known) => this.#skip(known)) : undefined;
      const index = this.#match(/#(\d)/y)?.[1];
      if (index === undefined) return { ...bare, type: type ?? 'string', ...this.#marks() };
      return { ...bare, type: type ?? 'key', keySpecIndex: Number(index), ...this.#marks() };
    }
    if (this.#skip('(')) {
      const parts = this.sequence(')');
      while (this.#skip('|')) parts.push(...this.sequence(')'));
      this.#expect(')');
      return { ...bare, type: 'oneof', parts, ...this.#marks() };
    }
    if (this.#skip('{')) {
      const parts = this.sequence('}');
      this.#expect('}');
      return { ...bare, type: 'block', parts, ...this.#marks() };
    }
    return { ...bare, type: 'pure-token', token: this.#word().text, ...this.#marks() };
  }

  #marks(): Partial<Argument> {
    const multipleToken = this.#skip('&...');
    const multiple = multipleToken || this.#skip('...');
    const since = this.#match(/@(\d+\.\d+\.\d+)/y)?.[1];
    const deprecatedSince = this.#match(/!(\d+\.\d+\.\d+)/y)?.[1];
    return {
      ...(multiple && { multiple }),
      ...(multipleToken && { multipleToken }),
      ...(since !== undefined && { since }),
      ...(deprecatedSince !== undefined && { deprecatedSince }),
    };
  }

  /** Upper case or in single quotes, it is a token; in double quotes it is a name. */
  #word(): { readonly text: string; readonly isToken: boolean } {
    const quoted = this.#match(/'([^']*)'/y)?.[1];
    if (quoted !== undefined) return { text: quoted, isToken: true };
    const text = this.#match(/"([^"]*)"/y)?.[1] ?? this.#match(/[\w-]+/y)?.[0];
    if (text === undefined) throw this.#error('a word');
    return { text, isToken: text !== text.toLowerCase() };
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#line);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #skip(text: string): boolean {
    if (!this.#line.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) throw this.#error(text);
  }

  #error(what: string): Error {
    return new Error(`${this.#line}: ${what} is missing at ${this.#at}`);
  }
}

/** Throws an Error when the line is none of this language. */
export function parseSyntax(line: string): readonly Argument[] {
  return new SyntaxReader(line).sequence();
}

/** As a person reads it: "[LIMIT offset count]". */
export function usageOf(parts: readonly Argument[]): string {
  return parts
    .map((argument) => {
      const inner =
        argument.type === 'oneof'
          ? (argument.parts ?? []).map((part) => usageOf([part])).join('|')
          : usageOf(argument.parts ?? []);
      const own = argument.type === 'pure-token' ? argument.token || '""' : inner || argument.name;
      const before =
        argument.token !== undefined && argument.type !== 'pure-token' ? `${argument.token} ` : '';
      const grouped = argument.type === 'oneof' && !argument.optional ? `<${own}>` : own;
      const one = `${before}${grouped}`;
      const again = argument.multipleToken ? one : grouped;
      const all = argument.multiple ? `${one} [${again} ...]` : one;
      return argument.optional ? `[${all}]` : all;
    })
    .join(' ');
}
