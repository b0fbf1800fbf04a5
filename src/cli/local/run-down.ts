/** Owns a run of `trib down`. */
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { down } from '../../local/down.ts';
import { defaultDir } from '../../local/state.ts';
import type { Session } from '../session.ts';

export async function runDown(session: Session, givenDir: string | undefined): Promise<void> {
  const dir = givenDir === undefined ? defaultDir() : resolve(givenDir);
  const { nodes, stopped } = await down(dir, systemClock);
  if (session.mode !== 'human') {
    session.write(`${JSON.stringify({ ok: true, dir, nodes, stopped })}\n`);
    return;
  }
  const before = nodes === stopped ? '' : ` (${nodes - stopped} of ${nodes} had ended before)`;
  session.write(`${stopped} nodes were ended${before}; nothing is left of the cluster in ${dir}.\n`);
}
