/** Owns tables: drawn with lines on a terminal, in plain columns elsewhere, so that awk and cut can read them. */
import type { Session } from '../session.ts';

export interface Table {
  readonly head: readonly string[];
  /** As many cells as `head` has, without colour. */
  readonly rows: readonly (readonly string[])[];
}

/** With a line break at the end. */
export async function renderTable({ head, rows }: Table, session: Session): Promise<string> {
  if (!session.isTerminal) return columns([head, ...rows]);
  const { default: CliTable } = await import('cli-table3');
  const table = new CliTable({
    head: head.map((cell) => session.paint('bold', cell)),
    // Its own colours ignore NO_COLOR.
    style: { head: [], border: [] },
  });
  table.push(...rows.map((row) => [...row]));
  return `${table.toString()}\n`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  const lines = rows.map((row) =>
    row.map((cell, index) => (cell === '' ? '-' : cell).padEnd(widths[index] ?? 0)).join('  '),
  );
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
