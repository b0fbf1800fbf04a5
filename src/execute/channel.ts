/**
 * Owns the meeting of many producers and one consumer: tasks that run side by side put events in, and one loop takes
 * them out in the order in which they came.
 */

/** Runs `task`, which may emit at any time, and yields what it emits. Returns its result, or throws its error. */
export async function* channel<Event, Result>(
  task: (emit: (event: Event) => void) => Promise<Result>,
): AsyncGenerator<Event, Result> {
  let waiting: Event[] = [];
  let wake = (): void => {};
  let ended = false;
  const running = task((event) => {
    waiting.push(event);
    wake();
  }).finally(() => {
    ended = true;
    wake();
  });
  // An error must not count as unhandled while events before it are still being consumed.
  running.catch(() => {});
  for (;;) {
    const events = waiting;
    waiting = [];
    yield* events;
    if (waiting.length > 0) continue;
    if (ended) return running;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}
