/** Owns the picture that LATENCY GRAPH draws: bars of characters with labels below. Source: the look of Redis sparkline.c. */
import type { LatencySeries } from '../../observe/latency-events.ts';

const COLUMNS = 80;
const ROWS = 4;
/** The three heights that a character can tell, from below. */
const HEIGHTS = '_o#';
const FULL = '|';

/** The character of a bar in one row; `row` counts from below. */
function barCharacter(step: number, row: number): string {
  const height = step - row * HEIGHTS.length;
  if (height < 0) return ' ';
  return HEIGHTS[height] ?? FULL;
}

/** Texts side by side, each written downwards. */
function columnLines(texts: readonly string[]): string[] {
  const lines: string[] = [];
  const longest = Math.max(...texts.map((text) => text.length));
  for (let i = 0; i < longest; i++) lines.push(texts.map((text) => text[i] ?? ' ').join(''));
  return lines;
}

/** How long ago, in the largest unit that fits. */
function ago(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.trunc(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.trunc(seconds / 3600)}h`;
  return `${Math.trunc(seconds / 86400)}d`;
}

export function drawGraph({ event, samples, maxMs }: LatencySeries, nowSeconds: number): string {
  const latencies = samples.map(({ latencyMs }) => latencyMs);
  const low = Math.min(...latencies);
  const high = Math.max(...latencies);
  const steps = HEIGHTS.length * ROWS;
  const bars = latencies.map((ms) =>
    Math.min(steps - 1, Math.trunc(((ms - low) * steps) / (high - low || 1))),
  );
  const parts: string[] = [];
  for (let first = 0; first < samples.length; first += COLUMNS) {
    const shown = bars.slice(first, first + COLUMNS);
    const lines: string[] = [];
    for (let row = ROWS - 1; row >= 0; row--)
      lines.push(shown.map((step) => barCharacter(step, row)).join(''));
    lines.push(' '.repeat(shown.length));
    const labels = samples
      .slice(first, first + COLUMNS)
      .map(({ timeSeconds }) => ago(Math.max(0, nowSeconds - timeSeconds)));
    lines.push(...columnLines(labels));
    parts.push(lines.map((line) => `${line}\n`).join(''));
  }
  const title = `${event} - high ${high} ms, low ${low} ms (all time high ${maxMs} ms)\n${'-'.repeat(COLUMNS)}\n`;
  return title + parts.join('\n');
}
