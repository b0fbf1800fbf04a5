/**
 * Owns a selector: commands, keys and channels that are allowed together. Its rules are read in selector-rules.ts.
 * Source: Redis acl.c aclSelector, ACLSelectorCheckCmd, ACLSelectorCheckKey, ACLCheckChannelAgainstList.
 */
import { keyReferences } from '../command/keys.ts';
import type { KeySpec } from '../command/row.ts';
import type { Command } from '../command/table.ts';
import { globMatches } from '../keyspace/glob.ts';
import { channelsOf } from './channels.ts';
import type { CommandIndex } from './command-index.ts';
import { CommandRights } from './command-rights.ts';

/** What a pattern allows to do with the keys that match it. */
export interface KeyRights {
  readonly reads: boolean;
  readonly writes: boolean;
}

/** Why a command may not run. */
export interface Denial {
  readonly reason: 'command' | 'key' | 'channel';
  /** Index in argv of the key or channel; 0 for a command. */
  readonly index: number;
}

const COMMAND_DENIED: Denial = { reason: 'command', index: 0 };

export class Selector {
  readonly commands: CommandRights;
  allKeys = false;
  /** In the order in which they were given, as are channels. */
  keyPatterns = new Map<string, KeyRights>();
  allChannels: boolean;
  channelPatterns = new Set<string>();

  /** Allows nothing, besides all channels if wanted. */
  constructor(commands: CommandIndex | CommandRights, allChannels: boolean) {
    this.commands = commands instanceof CommandRights ? commands : new CommandRights(commands);
    this.allChannels = allChannels;
  }

  copy(): Selector {
    const copy = new Selector(this.commands.copy(), this.allChannels);
    copy.allKeys = this.allKeys;
    copy.keyPatterns = new Map(this.keyPatterns);
    copy.channelPatterns = new Set(this.channelPatterns);
    return copy;
  }

  /** Nothing has to be looked at. */
  get unrestricted(): boolean {
    return this.commands.all && this.allKeys && this.allChannels;
  }

  setAllKeys(allow: boolean): void {
    this.allKeys = allow;
    this.keyPatterns.clear();
  }

  setAllChannels(allow: boolean): void {
    this.allChannels = allow;
    this.channelPatterns.clear();
  }

  /** The same pattern again adds to what may be done. */
  addKeyPattern(pattern: string, { reads, writes }: KeyRights): void {
    const known = this.keyPatterns.get(pattern);
    this.keyPatterns.set(pattern, {
      reads: reads || (known?.reads ?? false),
      writes: writes || (known?.writes ?? false),
    });
  }

  denial(command: Command, argv: readonly string[]): Denial | undefined {
    if (!this.commands.allows(command, argv)) return COMMAND_DENIED;
    if (!this.allKeys && command.hasKeys) {
      const index = this.#deniedKey(command, argv);
      if (index > 0) return { reason: 'key', index };
    }
    if (this.allChannels) return undefined;
    const channels = channelsOf(command, argv.length);
    for (let index = 1; index <= channels.last; index++)
      if (!this.allowsChannel(argv[index] as string, channels.arePatterns))
        return { reason: 'channel', index };
    return undefined;
  }

  /** Index of the first key that is not allowed; 0 when all are. */
  #deniedKey(command: Command, argv: readonly string[]): number {
    const { keyIndex, keySpecs, getKeys } = command;
    // The usual case: one key, which is used alike whatever the arguments are.
    if (keyIndex > 0 && getKeys === undefined && keySpecs[0] !== undefined)
      return this.#allowsKey(argv[keyIndex] as string, keySpecs[0].flags) ? 0 : keyIndex;
    for (const { index, flags } of keyReferences(command, argv))
      if (!this.#allowsKey(argv[index] as string, flags)) return index;
    return 0;
  }

  #allowsKey(key: string, flags: KeySpec['flags']): boolean {
    const readsIt = flags.includes('access');
    const writesIt = flags.includes('insert') || flags.includes('delete') || flags.includes('update');
    for (const [pattern, { reads, writes }] of this.keyPatterns)
      if ((reads || !readsIt) && (writes || !writesIt) && globMatches(pattern, key)) return true;
    return false;
  }

  /** Every key there is may be read. */
  get readsAllKeys(): boolean {
    return this.allKeys || (this.keyPatterns.get('*')?.reads ?? false);
  }

  /** A pattern that somebody wants to listen to must be allowed word for word. */
  allowsChannel(name: string, isPattern: boolean): boolean {
    if (this.allChannels) return true;
    if (isPattern) return this.channelPatterns.has(name);
    for (const pattern of this.channelPatterns) if (globMatches(pattern, name)) return true;
    return false;
  }
}
