/** Owns a run of `trib down`. */
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { down } from '../../local/down.ts';
import { defaultDir } from '../../local/state.ts';
import type { Session } from '../session.ts';
import { downText } from '../views/local-lines.ts';

export async function runDown(session: Session, givenDir: string | undefined, purge: boolean): Promise<void> {
  const dir = givenDir === undefined ? defaultDir() : resolve(givenDir);
  const ended = await down(dir, systemClock, purge);
  if (session.mode !== 'human') {
    session.write(`${JSON.stringify({ ok: true, dir, ...ended })}\n`);
    return;
  }
  session.write(downText(dir, ended));
}
