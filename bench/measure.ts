/** Owns the measuring of what others run: durations of whole commands, medians, and the table of ratios. */
import { spawnSync } from 'node:child_process';

export interface Row {
  readonly name: string;
  readonly ours: string;
  readonly peer: string;
  /** "4.2 x", "+31 ms": what the goal speaks of. */
  readonly figure: string;
  readonly goal: string;
  readonly met: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Runs a command to its end and returns the milliseconds that it took. Throws with its output when it fails. */
export function timeCommand(program: string, args: readonly string[]): number {
  const startMs = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const tookMs = performance.now() - startMs;
  if (status !== 0) {
    const said = `${stdout}${stderr}`.split('\n').slice(-8).join('\n');
    throw new Error(`${program} ${args.join(' ')} ended with ${status ?? error?.message}:\n${said}`);
  }
  return tookMs;
}

/** Medians of several commands, run by turns so that a slow moment of the machine falls on all. */
export function timeByTurns(
  rounds: number,
  commands: readonly (readonly [string, readonly string[]])[],
): number[] {
  const times: number[][] = commands.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, [program, args]] of commands.entries()) times[index]?.push(timeCommand(program, args));
  }
  return times.map(median);
}

export const milliseconds = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;

/** "N x as fast" with its goal: `peer` and `ours` are durations. */
export function fasterRow(name: string, oursMs: number, peerMs: number, goal: number): Row {
  const ratio = peerMs / oursMs;
  return {
    name,
    ours: milliseconds(oursMs),
    peer: milliseconds(peerMs),
    figure: `${ratio.toFixed(2)} x`,
    goal: `>= ${goal} x`,
    met: ratio >= goal,
  };
}

/** Time above a bare `node -e 0`, with its goal. */
export function aboveRow(name: string, oursMs: number, bareMs: number, goalMs: number): Row {
  const above = oursMs - bareMs;
  return {
    name,
    ours: milliseconds(oursMs),
    peer: `${milliseconds(bareMs)} (node -e 0)`,
    figure: `+${milliseconds(above)}`,
    goal: `<= +${goalMs} ms`,
    met: above <= goalMs,
  };
}

export function printTable(rows: readonly Row[]): void {
  const head = ['', 'trib', 'peer', 'figure', 'goal', ''];
  const lines = [
    head,
    ...rows.map((r) => [r.name, r.ours, r.peer, r.figure, r.goal, r.met ? 'met' : 'NOT MET']),
  ];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines) {
    process.stdout.write(
      `${line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
}
