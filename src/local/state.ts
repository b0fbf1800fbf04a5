/**
 * Owns what is known of a local cluster between `trib up` and `trib down`: one file in the cluster's folder,
 * written whole or not at all.
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, TribError } from '../core/errors.ts';
import type { Engine } from './engine.ts';
import type { NodeProcess } from './process.ts';

export interface LocalNode extends NodeProcess {
  readonly port: number;
  /** A folder inside the cluster's folder. */
  readonly dir: string;
}

export interface LocalCluster {
  readonly version: 1;
  readonly engine: Engine;
  readonly startedAtMs: number;
  /** True when `trib up` made the folder, so that `trib down` removes it. */
  readonly ownsDir: boolean;
  readonly nodes: readonly LocalNode[];
  /** Of a cluster whose data stay when it is taken down: what its nodes are started again with. */
  readonly kept?: { readonly nodeTimeoutMs: number } | undefined;
}

/** What is written down of a node, out of what is known of it while it runs. */
export function placeOf({ pid, startId, port, dir }: LocalNode): LocalNode {
  return { pid, startId, port, dir };
}

const STATE_FILE = 'cluster.json';

/** Where a cluster lives when no folder is given: one a user, private to that user. */
export function defaultDir(): string {
  return join(tmpdir(), `trib-${process.getuid?.() ?? process.env['USERNAME'] ?? 'user'}`);
}

/** Makes the folder if it is missing; true when it did. Refuses one that belongs to somebody else. */
export function ensureDir(dir: string): boolean {
  try {
    const made = mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined;
    const { uid } = lstatSync(dir);
    if (process.getuid !== undefined && uid !== process.getuid()) {
      throw new TribError('unsafe', `${dir} belongs to another user.`, {
        hint: 'Choose a folder of yours with --dir.',
      });
    }
    return made;
  } catch (error) {
    if (error instanceof TribError) throw error;
    throw new TribError('failed', `The folder ${dir} cannot be used: ${messageOf(error)}.`, {
      hint: 'Choose another folder with --dir.',
    });
  }
}

export function writeState(dir: string, cluster: LocalCluster): void {
  const path = join(dir, STATE_FILE);
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(cluster, undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

/** The cluster of a folder, or undefined where there is none. Throws a TribError when the file is damaged. */
export function readState(dir: string): LocalCluster | undefined {
  let text: string;
  try {
    text = readFileSync(join(dir, STATE_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new TribError('failed', `${join(dir, STATE_FILE)} cannot be read: ${messageOf(error)}.`);
  }
  const cluster = parseState(text);
  if (cluster === undefined) {
    throw new TribError('failed', `${join(dir, STATE_FILE)} is not a file of trib up.`, {
      hint: 'End its processes by hand, and remove the folder.',
    });
  }
  return cluster;
}

function parseState(text: string): LocalCluster | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isLocalCluster(value) ? value : undefined;
}

function isLocalCluster(value: unknown): value is LocalCluster {
  if (typeof value !== 'object' || value === null) return false;
  const { version, engine, nodes, ownsDir, kept } = value as Partial<LocalCluster>;
  return (
    version === 1 &&
    (engine === 'bundled' || engine === 'redis-server') &&
    typeof ownsDir === 'boolean' &&
    (kept === undefined || Number.isInteger(kept?.nodeTimeoutMs)) &&
    Array.isArray(nodes) &&
    nodes.every(isLocalNode)
  );
}

function isLocalNode(value: unknown): value is LocalNode {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startId, port, dir } = value as Partial<LocalNode>;
  return (
    Number.isInteger(pid) &&
    (pid as number) > 1 &&
    Number.isInteger(port) &&
    typeof startId === 'string' &&
    typeof dir === 'string' &&
    // A name only: `trib down` removes this folder, and must never remove another.
    /^[0-9]+$/.test(dir)
  );
}

/** Every file that the state needs besides the nodes' folders: removed by `trib down`. */
export const stateFiles: readonly string[] = [STATE_FILE, `${STATE_FILE}.new`];
