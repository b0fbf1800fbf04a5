/** Owns the stalling of this thread, for tests of what happens when something takes its time. Never used otherwise. */

/** Nothing runs for so long. */
export function stallThread(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}
