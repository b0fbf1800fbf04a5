/**
 * Owns one user: passwords as SHA-256, and selectors, one of which has to allow a command. Sessions keep the user they are,
 * so what changes of a user changes for all of them at once. Source: Redis acl.c struct user, ACLCheckAllUserCommandPerm.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Command } from '../command/table.ts';
import type { CommandIndex } from './command-index.ts';
import { type Denial, Selector } from './selector.ts';

/** In hexadecimal; the password is latin1 text, one character a byte. */
export function hashPassword(password: string): string {
  return createHash('sha256').update(password, 'latin1').digest('hex');
}

/** The later one counts more when several selectors refuse for different reasons. */
const weight: Readonly<Record<Denial['reason'], number>> = { command: 1, key: 2, channel: 3 };

export class User {
  readonly name: string;
  enabled = false;
  /** Any password will do. */
  nopass = false;
  /** Undefined until a rule speaks of it; payloads of RESTORE are always looked through here. */
  sanitizes: boolean | undefined;
  /** Hashes, in the order in which they were given. */
  passwords = new Set<string>();
  /** The rights that belong to no selector of their own come first. */
  #selectors: [root: Selector, ...others: Selector[]];
  /** Every command, key and channel is allowed: what the path of each command asks. */
  unrestricted = false;

  constructor(name: string, commands: CommandIndex, allChannels: boolean) {
    this.name = name;
    this.#selectors = [new Selector(commands, allChannels)];
  }

  get root(): Selector {
    return this.#selectors[0];
  }

  get selectors(): readonly [root: Selector, ...others: Selector[]] {
    return this.#selectors;
  }

  addSelector(selector: Selector): void {
    this.#selectors.push(selector);
  }

  clearSelectors(): void {
    this.#selectors = [this.root];
  }

  /** Takes over everything but the name. */
  assign(other: User): void {
    this.enabled = other.enabled;
    this.nopass = other.nopass;
    this.sanitizes = other.sanitizes;
    this.passwords = new Set(other.passwords);
    const [root, ...others] = other.#selectors;
    this.#selectors = [root.copy(), ...others.map((selector) => selector.copy())];
    this.settle();
  }

  /** To be called after the selectors were changed. */
  settle(): void {
    this.unrestricted = this.#selectors.some((selector) => selector.unrestricted);
  }

  accepts(password: string): boolean {
    if (!this.enabled) return false;
    if (this.nopass) return true;
    const given = Buffer.from(hashPassword(password), 'latin1');
    // All of them, however early one fits: the time shall tell nothing.
    let found = false;
    for (const hash of this.passwords) if (timingSafeEqual(given, Buffer.from(hash, 'latin1'))) found = true;
    return found;
  }

  denial(command: Command, argv: readonly string[]): Denial | undefined {
    let worst: Denial | undefined;
    for (const selector of this.#selectors) {
      const denial = selector.denial(command, argv);
      if (denial === undefined) return undefined;
      if (worst === undefined || isWorse(denial, worst)) worst = denial;
    }
    return worst;
  }

  /** Whether the command is allowed by a selector that lets every key be read. Source: ACLUserCheckCmdWithUnrestrictedKeyAccess. */
  readsAllKeys(command: Command, argv: readonly string[]): boolean {
    return this.#selectors.some(
      (selector) => selector.readsAllKeys && selector.denial(command, argv) === undefined,
    );
  }
}

function isWorse(denial: Denial, than: Denial): boolean {
  const difference = weight[denial.reason] - weight[than.reason];
  return difference > 0 || (difference === 0 && denial.index > than.index);
}
