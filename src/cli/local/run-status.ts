/** Owns a run of `trib status`. */
import { resolve } from 'node:path';
import { exitCodes } from '../../core/errors.ts';
import { defaultDir } from '../../local/state.ts';
import { status } from '../../local/status.ts';
import type { Session } from '../session.ts';
import { statusData, statusText } from '../views/local-lines.ts';

export async function runStatus(session: Session, givenDir: string | undefined): Promise<void> {
  const dir = givenDir === undefined ? defaultDir() : resolve(givenDir);
  const found = await status(dir);
  if (session.mode === 'human') session.write(await statusText(dir, found, session));
  else
    session.write(`${JSON.stringify(statusData(dir, found), undefined, session.mode === 'json' ? 2 : 0)}\n`);
  process.exitCode = found.ok ? exitCodes.ok : exitCodes.failed;
}
