import { describe, expect, it } from 'vitest';
import { commands } from '../../src/commands/index.ts';
import { trib } from '../helpers/run.ts';

describe('the help of commands', () => {
  it('has examples for each, and a summary that is a sentence', () => {
    for (const [name, command] of Object.entries(commands)) {
      expect([name, command.examples.length > 0]).toEqual([name, true]);
      expect([name, command.summary]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
    }
  });

  it.each([[['reshard', '--help']], [['help', 'reshard']]])('begins with the examples: %j', async (words) => {
    const { code, stdout } = await trib(words);
    const places = ['EXAMPLES', 'USAGE', 'DESCRIPTION', '\nFLAGS', 'GLOBAL FLAGS'].map((head) =>
      stdout.indexOf(head),
    );
    expect([code, places]).toEqual([0, [...places].sort((a, b) => a - b)]);
    expect(Math.min(...places)).toBeGreaterThan(0);
  });
});
