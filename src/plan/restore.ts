/** Owns the plan that brings a verified backup into a cluster. Pure. */
import { slotHolders, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { refuseUnwritable } from './obstacles.ts';
import { defaultMoveOptions, PLAN_VERSION, type PlainPlan, refTo, type Step } from './plan.ts';
import type { VerifiedFile } from './steps/restore-files.ts';

/** What a file was found to hold when it was verified. */
export interface FoundFile extends VerifiedFile {
  /** Code of each library of functions, latin1. */
  readonly functions: readonly string[];
  /** Keys in databases that a cluster does not have. */
  readonly otherKeys: number;
}

export interface RestoreRequest {
  readonly files: readonly FoundFile[];
  readonly replace: boolean;
  /** Keys of other databases than 0 are left out. */
  readonly onlyDb0: boolean;
  readonly functions: boolean;
}

/** Throws a TribError: "unsafe" when the cluster has problems, or the backup holds what has no place in it. */
export function planRestore(topology: Topology, request: RestoreRequest): PlainPlan {
  refuseUnwritable(topology, 'restoring a backup');
  const { files } = request;
  const elsewhere = files.filter(({ otherKeys }) => otherKeys > 0);
  if (elsewhere.length > 0 && !request.onlyDb0) {
    const count = elsewhere.reduce((sum, { otherKeys }) => sum + otherKeys, 0);
    throw new TribError(
      'unsafe',
      `${count} keys are in other databases than 0, and a cluster has database 0 only: ${elsewhere.map(({ file }) => file).join(', ')}.`,
      { hint: 'Restore without them: --only-db0.' },
    );
  }
  const masters = slotHolders(topology).map(refTo);
  const steps: Step[] = [];
  const withFunctions = request.functions ? files.filter(({ functions }) => functions.length > 0) : [];
  if (withFunctions.length > 0) {
    const libraries = librariesIn(withFunctions);
    steps.push({
      kind: 'load-functions',
      masters,
      files: withFunctions.map(verifiedOnly),
      libraries: [...libraries.keys()],
    });
  }
  steps.push({ kind: 'restore-files', masters, files: files.map(verifiedOnly) });
  return {
    version: PLAN_VERSION,
    operation: 'restore',
    seed: topology.seed,
    options: { ...defaultMoveOptions, replace: request.replace },
    steps,
  };
}

/** The code of each library by its name. Throws a TribError ("unsafe") when files hold different ones of one name. */
export function librariesIn(
  files: readonly { readonly file: string; readonly functions: readonly string[] }[],
): Map<string, string> {
  const libraries = new Map<string, string>();
  for (const { file, functions } of files) {
    for (const code of functions) {
      const name = nameOfLibrary(code);
      const other = libraries.get(name);
      if (other !== undefined && other !== code) {
        throw new TribError(
          'unsafe',
          `The function library ${name} is another in ${file} than in the file before.`,
          { hint: 'Restore without functions (--no-functions), and load the right ones with FUNCTION LOAD.' },
        );
      }
      libraries.set(name, code);
    }
  }
  return libraries;
}

/** From the first line of its code: "#!lua name=mylib". */
function nameOfLibrary(code: string): string {
  return /^#!\S+\s.*?\bname=(\S+)/.exec(code)?.[1] ?? '(without a name)';
}

function verifiedOnly({ file, bytes, sha256, modifiedMs, keys }: FoundFile): VerifiedFile {
  return { file, bytes, sha256, modifiedMs, keys };
}
