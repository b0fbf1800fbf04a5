/** Owns small file systems for tests of disks that take no more: in memory, for who may mount them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  /** Where it is mounted. */
  readonly dir: string;
  /** Not while a file is open for writing. Throws when it cannot be. */
  remount(how: 'ro' | 'rw'): void;
  remove(): void;
}

/** A file system of one megabyte; undefined where this user may not mount one. */
export function smallDisk(): SmallDisk | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'trib-full-'));
  const mount = (...options: string[]): boolean => spawnSync('mount', options).status === 0;
  if (!mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir)) {
    rmdirSync(dir);
    return undefined;
  }
  return {
    dir,
    remount(how) {
      if (!mount('-o', `remount,${how}`, dir)) throw new Error(`${dir} cannot be remounted`);
    },
    remove() {
      spawnSync('umount', [dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function mayMount(): boolean {
  const disk = smallDisk();
  disk?.remove();
  return disk !== undefined;
}

export const skipWithoutSmallDisk = !mayMount();
/** For the title of a test that is skipped then. */
export const smallDiskNote = skipWithoutSmallDisk ? ' (skipped: this user may not mount a small disk)' : '';
