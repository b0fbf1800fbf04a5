/** Owns the steps that bring the functions and the keys of a backup into a cluster, as parts of a plan. */
import type { Fields } from '../fields.ts';
import type { NodeRef, StepKind } from './step-kind.ts';

/** An RDB file as it was when it was verified. */
export interface VerifiedFile {
  /** Absolute. */
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** When it was last written, Unix ms: as long as this and its size are the same, it is not verified again. */
  readonly modifiedMs: number;
  /** In database 0. */
  readonly keys: number;
}

export interface RestoreFiles {
  readonly kind: 'restore-files';
  /** Those that had the slots when this was planned. */
  readonly masters: readonly NodeRef[];
  readonly files: readonly VerifiedFile[];
}

/** Functions belong to no slot: every master gets all. */
export interface LoadFunctions {
  readonly kind: 'load-functions';
  readonly masters: readonly NodeRef[];
  /** Files that hold libraries; and their names. */
  readonly files: readonly VerifiedFile[];
  readonly libraries: readonly string[];
}

export const restoreFilesKind: StepKind<RestoreFiles> = {
  describe: ({ files, masters }) => {
    const keys = files.reduce((sum, file) => sum + file.keys, 0);
    return `restore ${keys} keys of ${files.length} ${files.length === 1 ? 'file' : 'files'} to ${masters.length} masters`;
  },
  needs: ({ masters }) => masters,
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'restore-files',
    masters: fields.nodes('masters'),
    files: fields.objects('files').map(fileOf),
  }),
};

export const loadFunctionsKind: StepKind<LoadFunctions> = {
  describe: ({ libraries, masters }) =>
    `load the functions of ${libraries.join(', ')} into ${masters.length} masters`,
  needs: ({ masters }) => masters,
  whyNot: () => [],
  parse: (fields) => ({
    kind: 'load-functions',
    masters: fields.nodes('masters'),
    files: fields.objects('files').map(fileOf),
    libraries: fields.texts('libraries'),
  }),
};

function fileOf(fields: Fields): VerifiedFile {
  return {
    file: fields.text('file'),
    bytes: fields.whole('bytes'),
    sha256: fields.text('sha256'),
    modifiedMs: fields.whole('modifiedMs'),
    keys: fields.whole('keys'),
  };
}
