/**
 * Owns the prefixes that clients hear of (CLIENT TRACKING BCAST), and which keys under each have changed since the last broadcast.
 * Source: Redis tracking.c, PrefixTable.
 */
import type { Session } from '../dispatch/session.ts';

export interface Prefix {
  readonly text: string;
  readonly clients: Set<Session>;
  /** Keys that have changed, with who changed them last: no client where they expired. */
  changed: Map<string, Session | undefined>;
}

export class PrefixTable {
  /** By length: a key is looked up under each length that there is, not compared with each prefix. */
  readonly #byLength = new Map<number, Map<string, Prefix>>();
  readonly #changed = new Set<Prefix>();
  size = 0;

  add(text: string, client: Session): void {
    let sameLength = this.#byLength.get(text.length);
    if (sameLength === undefined) {
      sameLength = new Map();
      this.#byLength.set(text.length, sameLength);
    }
    let prefix = sameLength.get(text);
    if (prefix === undefined) {
      prefix = { text, clients: new Set(), changed: new Map() };
      sameLength.set(text, prefix);
      this.size++;
    }
    prefix.clients.add(client);
  }

  remove(text: string, client: Session): void {
    const sameLength = this.#byLength.get(text.length);
    const prefix = sameLength?.get(text);
    if (sameLength === undefined || prefix === undefined) return;
    prefix.clients.delete(client);
    if (prefix.clients.size > 0) return;
    this.#changed.delete(prefix);
    sameLength.delete(text);
    if (sameLength.size === 0) this.#byLength.delete(text.length);
    this.size--;
  }

  /** A key has changed. True when somebody hears of it with the next broadcast. */
  note(key: string, author: Session | undefined): boolean {
    let heard = false;
    for (const [length, prefixes] of this.#byLength) {
      if (length > key.length) continue;
      const prefix = prefixes.get(key.slice(0, length));
      if (prefix === undefined) continue;
      prefix.changed.set(key, author);
      this.#changed.add(prefix);
      heard = true;
    }
    return heard;
  }

  /** The prefixes with keys that have changed, in their order, each with these keys; from now on none has. */
  takeChanged(): { readonly prefix: Prefix; readonly changed: Prefix['changed'] }[] {
    const prefixes = [...this.#changed].sort((a, b) => (a.text < b.text ? -1 : 1));
    this.#changed.clear();
    return prefixes.map((prefix) => {
      const { changed } = prefix;
      prefix.changed = new Map();
      return { prefix, changed };
    });
  }
}
