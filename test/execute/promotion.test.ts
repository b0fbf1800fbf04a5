import { describe, expect, it } from 'vitest';
import { hasWon } from '../../src/execute/steps/failover.ts';
import { parseNodes } from '../../src/protocol/text/nodes.ts';

const [young, old, other] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [string, string, string];

/** CLUSTER NODES as the young node says it. */
const won = (...lines: string[]): boolean =>
  hasWon({ id: young, lines: parseNodes(lines.join('\n')) }, { id: old });

describe('a promotion', () => {
  const others = `${other} 127.0.0.1:3@13 master - 0 0 2 connected 9000-16383`;

  it('counts by a greater epoch than the former master has, or when that follows it', () => {
    const serving = `${young} 127.0.0.1:1@11 myself,master - 0 0 8 connected 0-8999`;
    expect(won(serving, `${old} 127.0.0.1:2@12 master - 0 0 6 connected`, others)).toBe(true);
    // A replica shows the epoch of its master.
    expect(won(serving, `${old} 127.0.0.1:2@12 slave ${young} 0 0 8 connected`, others)).toBe(true);
    expect(won(serving, others)).toBe(true);
  });

  it('does not count by votes of a former election, nor without slots', () => {
    const mistaken = `${young} 127.0.0.1:1@11 myself,master - 0 0 5 connected 0-8999`;
    expect(won(mistaken, `${old} 127.0.0.1:2@12 master - 0 0 6 connected`, others)).toBe(false);
    const follower = `${young} 127.0.0.1:1@11 myself,slave ${old} 0 0 6 connected`;
    expect(won(follower, `${old} 127.0.0.1:2@12 master - 0 0 6 connected 0-8999`, others)).toBe(false);
  });
});
