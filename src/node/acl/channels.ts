/** Owns which arguments of a command are channels that a user needs a right to. Source: Redis db.c commands_with_channels. */
import type { Command } from '../command/table.ts';

interface Channels {
  /** Index of the last one; the first one is at 1. 0: there are none. */
  readonly last: number;
  readonly arePatterns: boolean;
}

const none: Channels = { last: 0, arePatterns: false };

/** No right is needed to end a subscription. `argc` counts the name too. */
export function channelsOf({ fullName }: Command, argc: number): Channels {
  switch (fullName) {
    case 'publish':
    case 'spublish':
      return { last: 1, arePatterns: false };
    case 'subscribe':
    case 'ssubscribe':
      return { last: argc - 1, arePatterns: false };
    case 'psubscribe':
      return { last: argc - 1, arePatterns: true };
    default:
      return none;
  }
}
