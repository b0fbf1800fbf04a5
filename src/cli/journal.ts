/**
 * Owns the plans that are under way: each is kept from before its first effect until it is done, in a folder of the
 * user, so that after a crash `trib resume` finds what is left. The cluster itself tells what was done; nothing else
 * is written down.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { startIdOf } from '../core/process-identity.ts';
import type { Plan } from '../plan/plan.ts';
import { parsePlan } from '../plan/plan-file.ts';
import { writePlan } from './plan-store.ts';

export interface Unfinished {
  readonly file: string;
  readonly plan: Plan;
}

export class Journal {
  readonly #dir: string;

  /** By default below XDG_STATE_HOME, or ~/.local/state. */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    const state = env['XDG_STATE_HOME'] ?? '';
    this.#dir = join(state === '' ? join(homedir(), '.local', 'state') : state, 'trib');
  }

  /** Returns the file; undefined where nothing can be written, which keeps nobody from working. */
  async keep(plan: Plan): Promise<string | undefined> {
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
      const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
      const name = `${time}.${process.pid}.${startIdOf(process.pid)?.replaceAll(/\W/g, '') ?? ''}.${plan.operation}.json`;
      return await writePlan(join(this.#dir, name), plan);
    } catch {
      return undefined;
    }
  }

  /** Whether a file is one of this folder's. */
  holds(file: string): boolean {
    return dirname(file) === this.#dir;
  }

  /** The plan is done, or not wanted any more. */
  remove(file: string): void {
    rmSync(file, { force: true });
  }

  /** What nobody is working on any more, the latest first. */
  unfinished(): Unfinished[] {
    return this.#names()
      .sort()
      .reverse()
      .flatMap((name) => {
        const file = join(this.#dir, name);
        const plan = isUnderWay(name) ? undefined : readable(file);
        return plan === undefined ? [] : [{ file, plan }];
      });
  }

  #names(): string[] {
    try {
      return readdirSync(this.#dir).filter((name) => name.endsWith('.json'));
    } catch {
      return [];
    }
  }
}

/** The process that wrote the plan is still there. */
function isUnderWay(name: string): boolean {
  const [, pid, startId] = basename(name).split('.');
  return startId !== '' && startIdOf(Number(pid))?.replaceAll(/\W/g, '') === startId;
}

/** The plan, or undefined for one that another version wrote, or that went in the meantime. */
function readable(file: string): Plan | undefined {
  try {
    return parsePlan(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
