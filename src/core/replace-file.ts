/** Owns the replacing of a small file in one step, so that the old or the new one is whole there at every moment. */
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.ts';

/** `uniqueName` ends the name under which it is written beside the old one. Throws what the system says; nothing is left then. */
export function replaceFile(path: string, data: Uint8Array, uniqueName: string): void {
  const temporary = `${path}.${uniqueName}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    for (let at = 0; at < data.length; ) at += writeSync(file, data, at);
    fsyncSync(file);
    fchmodSync(file, 0o644 & ~process.umask());
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
}
