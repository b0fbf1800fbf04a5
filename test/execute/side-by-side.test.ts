import { describe, expect, it } from 'vitest';
import { sideBySide } from '../../src/execute/side-by-side.ts';
import type { MoveSlots } from '../../src/plan/plan.ts';
import { idOf } from '../helpers/views.ts';

/** "1>2": from node 1 to node 2. */
function moveOf(text: string): MoveSlots {
  const [source = 0, target = 0] = text.split('>').map(Number);
  const ref = (number: number) => ({ id: idOf(number), address: { host: 'h', port: number }, busPort: 0 });
  return { kind: 'move-slots', source: ref(source), target: ref(target), slots: [{ first: 0, last: 0 }] };
}

/** Which moves begin at once, and which when the first of them has ended. */
async function rounds(...texts: string[]): Promise<string[][]> {
  const begun: string[][] = [[]];
  const enders: (() => void)[] = [];
  const all = sideBySide(
    texts.map(moveOf),
    async ({ source, target }) => {
      begun.at(-1)?.push(`${source.address.port}>${target.address.port}`);
      await new Promise<void>((resolve) => enders.push(resolve));
      return [];
    },
    { signal: undefined },
  );
  while (enders.length > 0 || begun.flat().length < texts.length) {
    await new Promise((resolve) => setImmediate(resolve));
    if (enders.length === 0) continue;
    begun.push([]);
    enders.shift()?.();
  }
  await Promise.all(all);
  return begun.filter((round) => round.length > 0);
}

describe('moves side by side', () => {
  it('take from many sources at once', async () => {
    expect(await rounds('1>3', '2>3', '4>5')).toEqual([['1>3', '2>3', '4>5']]);
  });

  it('never let a node give and take, or give to two, at once', async () => {
    expect(await rounds('1>2', '2>3')).toEqual([['1>2'], ['2>3']]);
    expect(await rounds('1>2', '3>1')).toEqual([['1>2'], ['3>1']]);
    expect(await rounds('1>2', '1>3')).toEqual([['1>2'], ['1>3']]);
  });

  it('leave what was not begun when one fails', async () => {
    const results = await Promise.allSettled(
      sideBySide(
        ['1>2', '1>3'].map(moveOf),
        async ({ target }) => {
          if (target.address.port === 2) throw new Error('broken');
          return [];
        },
        { signal: undefined },
      ),
    );
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ value: [{ target: { address: { port: 3 } } }] });
  });
});
