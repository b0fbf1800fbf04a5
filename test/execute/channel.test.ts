import { describe, expect, it } from 'vitest';
import { channel } from '../../src/execute/channel.ts';

async function collect<Event, Result>(
  generator: AsyncGenerator<Event, Result>,
): Promise<{ events: Event[]; result: Result }> {
  const events: Event[] = [];
  for (;;) {
    const { value, done } = await generator.next();
    if (done === true) return { events, result: value };
    events.push(value);
  }
}

describe('a channel', () => {
  it('yields what many tasks emit, in the order in which they do, and then the result', async () => {
    const generator = channel<string, number>(async (emit) => {
      emit('now');
      await Promise.all([
        Promise.resolve().then(() => emit('soon')),
        new Promise<void>((resolve) => {
          setImmediate(() => {
            emit('later');
            emit('and more');
            resolve();
          });
        }),
      ]);
      return 42;
    });
    expect(await collect(generator)).toEqual({ events: ['now', 'soon', 'later', 'and more'], result: 42 });
  });

  it('throws the error of the task, after what was emitted before it', async () => {
    const generator = channel<string, void>(async (emit) => {
      emit('before');
      throw new Error('broken');
    });
    expect((await generator.next()).value).toBe('before');
    await expect(generator.next()).rejects.toThrow('broken');
  });
});
