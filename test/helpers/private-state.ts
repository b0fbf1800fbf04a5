/** Owns the folder in which trib keeps what is under way while tests run: not the user's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'trib-state-'));
  process.env['XDG_STATE_HOME'] = dir;
  return () => rmSync(dir, { recursive: true, force: true });
}
