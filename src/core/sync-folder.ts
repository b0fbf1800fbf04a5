/** Owns the syncing of folders: a file that has got its name is found after a loss of power only once its folder is on disk. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Throws what the system says. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
