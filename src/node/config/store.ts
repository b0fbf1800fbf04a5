/**
 * Owns the values of the directives of one node, and their change at run time: all of a CONFIG SET or nothing.
 * Source: Redis config.c configSetCommand, configGetCommand, lookupConfig.
 */
import { globMatches } from '../keyspace/glob.ts';
import type { Config } from '../parts/basics.ts';
import { type Directive, directiveTable } from './directives.ts';
import { isRefusal, type RewriteLine } from './kinds.ts';

interface Slot {
  readonly directive: Directive;
  text: string;
  /** Kept beside the text, since the paths of all commands ask for them. */
  number: number;
  flag: boolean;
  /** Whether redis.conf or the command line named it. */
  given: boolean;
  /** For a value that commands change too (REPLICAOF): asks what it is now. */
  current: (() => string) | undefined;
  readonly listeners: (() => void)[];
  /** Puts a new value to work; the text of the refusal when it cannot be. */
  apply: (() => string | undefined) | undefined;
}

/** Who asks for a change, as far as it matters to directives. */
export interface Asker {
  readonly loading: boolean;
  /** enable-protected-configs allows this client. */
  readonly mayChangeProtected: boolean;
}

const node: Asker = { loading: false, mayChangeProtected: true };

export class ConfigStore implements Config {
  /** The absolute path of redis.conf, when there is one. */
  file: string | undefined;
  readonly #slots = new Map<string, Slot>();

  constructor() {
    for (const directive of directiveTable()) {
      const slot: Slot = {
        directive,
        text: '',
        number: 0,
        flag: false,
        given: false,
        current: undefined,
        listeners: [],
        apply: undefined,
      };
      this.#put(slot, directive.kind.defaultText);
      this.#slots.set(directive.name, slot);
      if (directive.alias !== undefined) this.#slots.set(directive.alias, slot);
    }
  }

  #put(slot: Slot, text: string): void {
    slot.text = text;
    slot.number = Number(text);
    slot.flag = text === 'yes';
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new Error(`there is no directive ${name}`);
    return slot;
  }

  /** By name or alias, in lower case. */
  directive(name: string): Directive | undefined {
    return this.#slots.get(name)?.directive;
  }

  number(name: string): number {
    return this.#slot(name).number;
  }

  flag(name: string): boolean {
    return this.#slot(name).flag;
  }

  text(name: string): string {
    const slot = this.#slot(name);
    return slot.current?.() ?? slot.text;
  }

  /** Whether redis.conf or the command line named the directive. */
  wasGiven(name: string): boolean {
    return this.#slot(name).given;
  }

  onChange(name: string, fn: () => void): void {
    this.#slot(name).listeners.push(fn);
  }

  /** From now on the value is what `current` returns: another part changes it. */
  ownedBy(name: string, current: () => string): void {
    this.#slot(name).current = current;
  }

  /** What puts a value set at run time to work, and may still refuse it: then the old value comes back. */
  onApply(name: string, fn: () => string | undefined): void {
    this.#slot(name).apply = fn;
  }

  /** From redis.conf or the command line. The text of the refusal, if there is one. */
  load(name: string, args: readonly string[]): string | undefined {
    const slot = this.#slot(name);
    const result = slot.directive.kind.parse(args, {
      current: slot.text,
      starting: true,
      given: slot.given,
    });
    if (isRefusal(result)) return result.refusal;
    slot.given = true;
    this.#put(slot, result);
    return undefined;
  }

  /** Back to a value that was there before: what was set could not be put to work after all. */
  restore(name: string, text: string): void {
    const slot = this.#slot(name);
    this.#put(slot, text);
    slot.apply?.();
    for (const listener of slot.listeners) listener();
  }

  set(name: string, value: string): string | undefined {
    return this.setAll([[name, value]], node);
  }

  /**
   * CONFIG SET: pairs of name and value, in any case. The error text when nothing was changed.
   * A LOADING error comes with its code, all others are for "ERR".
   */
  setAll(pairs: readonly (readonly [name: string, value: string])[], asker: Asker): string | undefined {
    const changes: { slot: Slot; name: string; value: string; before: string }[] = [];
    const refuse = (name: string, why: string): string =>
      `ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`;
    for (const [given, value] of pairs) {
      const name = given.toLowerCase();
      const slot = this.#slots.get(name);
      if (slot === undefined) return `ERR Unknown option or number of arguments for CONFIG SET - '${given}'`;
      const { directive, text } = slot;
      if (directive.immutable) return refuse(given, "can't set immutable config");
      if (directive.protected && !asker.mayChangeProtected)
        return refuse(given, "can't set protected config");
      if (directive.denyLoading && asker.loading) return 'LOADING Redis is loading the dataset in memory';
      // A directive and its alias count as two, and the later one wins.
      if (changes.some((change) => change.name === name)) return refuse(given, 'duplicate parameter');
      changes.push({ slot, name, value, before: text });
    }
    const restore = (): void => {
      for (const { slot, before } of changes) this.#put(slot, before);
    };
    for (const { slot, name, value } of changes) {
      const args = slot.directive.multiArg ? value.split(' ') : [value];
      const result = slot.directive.kind.parse(args, { current: slot.text, starting: false, given: true });
      if (isRefusal(result)) {
        restore();
        return refuse(name, result.refusal);
      }
      this.#put(slot, result);
    }
    const effective = changes.filter(({ slot, before }) => slot.directive.volatile || slot.text !== before);
    const changed = [...new Set(effective.map(({ slot }) => slot))];
    for (const [index, slot] of changed.entries()) {
      const refusal = slot.apply?.();
      if (refusal === undefined) continue;
      restore();
      for (const done of changed.slice(0, index)) done.apply?.();
      return refuse(slot.directive.name, refusal);
    }
    for (const slot of changed) for (const listener of slot.listeners) listener();
    return undefined;
  }

  /** CONFIG GET: names and values; aliases count as names of their own. */
  matching(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, string>();
    for (const pattern of patterns) {
      if (!/[[*?]/.test(pattern)) {
        // Shown as it was asked for.
        const name = pattern.toLowerCase();
        const slot = this.#slots.get(name);
        if (slot !== undefined) found.set(pattern, this.#shown(slot, name));
        continue;
      }
      for (const [name, slot] of this.#slots) {
        if (!slot.directive.hidden && globMatches(pattern, name, true))
          found.set(name, this.#shown(slot, name));
      }
    }
    return [...found];
  }

  #shown({ directive: { kind } }: Slot, name: string): string {
    const text = this.text(name);
    return kind.shown === undefined ? text : kind.shown(text);
  }

  /** What CONFIG REWRITE wants in the file, a directive at a time. */
  rewriteLines(): { readonly name: string; readonly lines: readonly RewriteLine[] }[] {
    const slots = new Set(this.#slots.values());
    return [...slots].map(({ directive }) => ({
      name: directive.name,
      lines: directive.kind.rewrite(directive.name, this.text(directive.name)),
    }));
  }

  /** Names of directives that were given another value than their default, and do nothing here. */
  withoutEffect(): string[] {
    const slots = [...new Set(this.#slots.values())];
    return slots
      .filter(
        ({ directive, text, given }) => given && directive.noEffect && text !== directive.kind.defaultText,
      )
      .map(({ directive }) => directive.name);
  }
}
