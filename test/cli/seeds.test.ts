import { describe, expect, it } from 'vitest';
import { seedsOf, takeSeeds } from '../../src/cli/seeds.ts';
import { formatAddress } from '../../src/protocol/text/addresses.ts';

describe('the nodes of a command line', () => {
  it.each([
    [['a:1'], ['a:1']],
    [['a', '1'], ['a:1']],
    [
      ['a:1', 'b:2'],
      ['a:1', 'b:2'],
    ],
    [
      ['a:1,b:2', '[::1]:3'],
      ['a:1', 'b:2', '[::1]:3'],
    ],
    [
      ['a:1,', 'b', '2'],
      ['a:1', 'b:2'],
    ],
    [['redis://u:p@a:1/0,rediss://b'], ['a:1', 'b:6379']],
    [
      ['7000', '::1', '7001'],
      ['127.0.0.1:7000', '[::1]:7001'],
    ],
  ])('%j', (words, addresses) => {
    expect(seedsOf(words).map(formatAddress)).toEqual(addresses);
  });

  it.each([
    [['a:1', 'get', 'x'], ['a:1'], ['get', 'x']],
    [['a', '1', 'get', '2'], ['a:1'], ['get', '2']],
    [['a:1,b:2', '3'], ['a:1', 'b:2'], ['3']],
  ])('%j, with more behind', (words, addresses, rest) => {
    const taken = takeSeeds(words);
    expect(taken.seeds.map(formatAddress)).toEqual(addresses);
    expect(taken.rest).toEqual(rest);
  });

  it.each([[[]], [['a']], [['a:0']], [['http://a:1']], [['a:1', 'b']]])('refuses %j', (words) => {
    expect(() => seedsOf(words)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
