/**
 * Owns a selector: commands, keys and channels that are allowed together. Its rules are read in selector-rules.ts.
 * Source: Redis acl.c aclSelector, ACLSelectorCheckCmd, ACLSelectorCheckKey, ACLCheckChannelAgainstList.
 */
import { keyReferences } from '../command/keys.ts';
import type { KeyReference } from '../command/row.ts';
import type { Command } from '../command/table.ts';
import { globMatches } from '../keyspace/glob.ts';
import { channelsOf } from './channels.ts';
import type { CommandIndex } from './command-index.ts';
import { CommandRights } from './command-rights.ts';

export interface KeyPattern {
  readonly pattern: string;
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
  keyPatterns: readonly KeyPattern[] = [];
  allChannels: boolean;
  channelPatterns: readonly string[] = [];

  /** Allows nothing, besides all channels if wanted. */
  constructor(commands: CommandIndex | CommandRights, allChannels: boolean) {
    this.commands = commands instanceof CommandRights ? commands : new CommandRights(commands);
    this.allChannels = allChannels;
  }

  copy(): Selector {
    const copy = new Selector(this.commands.copy(), this.allChannels);
    copy.allKeys = this.allKeys;
    copy.keyPatterns = this.keyPatterns;
    copy.channelPatterns = this.channelPatterns;
    return copy;
  }

  /** Nothing has to be looked at. */
  get unrestricted(): boolean {
    return this.commands.all && this.allKeys && this.allChannels;
  }

  setAllKeys(allow: boolean): void {
    this.allKeys = allow;
    this.keyPatterns = [];
  }

  setAllChannels(allow: boolean): void {
    this.allChannels = allow;
    this.channelPatterns = [];
  }

  /** The same pattern again adds to what may be done. */
  addKeyPattern(added: KeyPattern): void {
    const known = this.keyPatterns.find(({ pattern }) => pattern === added.pattern);
    if (known === undefined) {
      this.keyPatterns = [...this.keyPatterns, added];
      return;
    }
    const both = {
      ...added,
      reads: known.reads || added.reads,
      writes: known.writes || added.writes,
    };
    this.keyPatterns = this.keyPatterns.map((each) => (each === known ? both : each));
  }

  addChannelPattern(pattern: string): void {
    if (!this.channelPatterns.includes(pattern)) this.channelPatterns = [...this.channelPatterns, pattern];
  }

  denial(command: Command, argv: readonly string[]): Denial | undefined {
    if (!this.commands.allows(command, argv)) return COMMAND_DENIED;
    if (!this.allKeys && command.hasKeys) {
      for (const reference of keyReferences(command, argv))
        if (!this.#allowsKey(argv[reference.index] as string, reference))
          return { reason: 'key', index: reference.index };
    }
    if (this.allChannels) return undefined;
    const channels = channelsOf(command, argv.length);
    for (let index = 1; index <= channels.last; index++)
      if (!this.allowsChannel(argv[index] as string, channels.arePatterns))
        return { reason: 'channel', index };
    return undefined;
  }

  #allowsKey(key: string, { flags }: KeyReference): boolean {
    const reads = flags.includes('access');
    const writes = flags.includes('insert') || flags.includes('delete') || flags.includes('update');
    return this.keyPatterns.some(
      (each) => (each.reads || !reads) && (each.writes || !writes) && globMatches(each.pattern, key),
    );
  }

  /** Every key there is may be read. */
  get readsAllKeys(): boolean {
    return this.allKeys || this.keyPatterns.some(({ pattern, reads }) => reads && pattern === '*');
  }

  /** A pattern that somebody wants to listen to must be allowed word for word. */
  allowsChannel(name: string, isPattern: boolean): boolean {
    return (
      this.allChannels ||
      this.channelPatterns.some((pattern) => (isPattern ? pattern === name : globMatches(pattern, name)))
    );
  }
}
