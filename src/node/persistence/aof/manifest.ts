/**
 * Owns the manifest of an append only file: which files it is made of, in which order, and how that list changes. Pure: the
 * text is read and written by folder.ts. Source: Redis aof.c aofLoadManifestFromFile, getAofManifestAsString,
 * getNewBaseFileNameAndMarkPreAsHistory, getNewIncrAofName, markRewrittenIncrAofAsHistory.
 */
import { splitArgs } from '../../../protocol/resp/split-args.ts';
import { quote } from '../../config/value.ts';

/** 'b' base: the data of one moment. 'i' increment: the writes that follow. 'h' history: not needed any more. */
export type AofFileType = 'b' | 'i' | 'h';

export interface AofFile {
  /** A latin1 string, without a folder. */
  readonly name: string;
  readonly sequence: number;
  readonly type: AofFileType;
}

export interface Manifest {
  readonly base: AofFile | undefined;
  readonly history: readonly AofFile[];
  /** By ascending sequence; the last one is written to. */
  readonly increments: readonly AofFile[];
  /** Those of the newest files there ever were; 0 before the first. */
  readonly baseSequence: number;
  readonly incrementSequence: number;
}

export const emptyManifest: Manifest = {
  base: undefined,
  history: [],
  increments: [],
  baseSequence: 0,
  incrementSequence: 0,
};

export type BaseFormat = 'rdb' | 'aof';

/** A manifest that cannot be read. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  /** The line that is wrong, where it could be read as one. */
  readonly line: { readonly number: number; readonly text: string } | undefined;

  constructor(reason: string, line?: { readonly number: number; readonly text: string }) {
    super(reason);
    this.line = line;
  }

  /** What Redis logs, message by message. */
  get report(): string[] {
    const where =
      this.line === undefined
        ? []
        : [`Reading the manifest file, at line ${this.line.number}`, `>>> '${this.line.text}'`];
    return ['*** FATAL AOF MANIFEST FILE ERROR ***', ...where, this.message];
  }
}

const MAX_LINE_CHARS = 1024;
const WRONG_FORMAT = 'Invalid AOF manifest file format';

/** The files that data are loaded from, in order. */
export function liveFiles({ base, increments }: Manifest): readonly AofFile[] {
  return base === undefined ? increments : [base, ...increments];
}

/** `text` is latin1. Throws a ManifestError with Redis's words. */
export function parseManifest(text: string): Manifest {
  if (text === '') throw new ManifestError('Found an empty AOF manifest');
  let manifest = emptyManifest;
  let number = 0;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = Math.min(newline < 0 ? text.length : newline + 1, at + MAX_LINE_CHARS);
    const raw = text.slice(at, end);
    at = end;
    number++;
    if (raw.startsWith('#')) continue;
    if (!raw.endsWith('\n') || raw.includes('\0'))
      throw new ManifestError('The AOF manifest file contains too long line');
    const line = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
    try {
      manifest = withFile(manifest, parseLine(line));
    } catch (error) {
      if (error instanceof ManifestError && line !== '')
        throw new ManifestError(error.message, { number, text: line });
      throw error;
    }
  }
  return manifest;
}

/** Pairs of a name and a value, in any order; names that are not known are for later versions. */
function parseLine(line: string): AofFile {
  const words = splitArgs(line);
  if (words === undefined || words.length < 6 || words.length % 2 !== 0)
    throw new ManifestError(WRONG_FORMAT);
  let name: string | undefined;
  let sequence = 0;
  let type = '';
  for (let at = 0; at < words.length; at += 2) {
    const value = words[at + 1] as string;
    switch ((words[at] as string).toLowerCase()) {
      case 'file':
        if (/[/\\]/.test(value)) throw new ManifestError("File can't be a path, just a filename");
        name = value;
        break;
      case 'seq':
        sequence = Number.parseInt(value, 10);
        break;
      case 'type':
        type = value.slice(0, 1);
        break;
    }
  }
  if (name === undefined || !Number.isSafeInteger(sequence) || sequence === 0 || type === '')
    throw new ManifestError(WRONG_FORMAT);
  if (type !== 'b' && type !== 'i' && type !== 'h') throw new ManifestError('Unknown AOF file type');
  return { name, sequence, type };
}

function withFile(manifest: Manifest, file: AofFile): Manifest {
  const { sequence } = file;
  switch (file.type) {
    case 'b':
      if (manifest.base !== undefined) throw new ManifestError('Found duplicate base file information');
      return { ...manifest, base: file, baseSequence: sequence };
    case 'h':
      return { ...manifest, history: [...manifest.history, file] };
    case 'i':
      if (sequence <= manifest.incrementSequence)
        throw new ManifestError('Found a non-monotonic sequence number');
      return {
        ...manifest,
        increments: [...manifest.increments, file],
        incrementSequence: sequence,
      };
  }
}

export function formatManifest({ base, history, increments }: Manifest): string {
  const files = [...(base === undefined ? [] : [base]), ...history, ...increments];
  return files.map(formatLine).join('');
}

function formatLine({ name, sequence, type }: AofFile): string {
  const shown = /^[!#-[\]-~]*$/.test(name) ? name : quote(name);
  return `file ${shown} seq ${sequence} type ${type}\n`;
}

const asHistory = (file: AofFile): AofFile => ({ ...file, type: 'h' });

/** With a new base, named after appendfilename; the one before it is history. */
export function withNewBase(manifest: Manifest, appendfilename: string, format: BaseFormat): Manifest {
  const sequence = manifest.baseSequence + 1;
  const before = manifest.base === undefined ? [] : [asHistory(manifest.base)];
  return {
    ...manifest,
    base: { name: `${appendfilename}.${sequence}.base.${format}`, sequence, type: 'b' },
    baseSequence: sequence,
    history: [...before, ...manifest.history],
  };
}

/** A base that an older Redis has written: one file for everything. */
export function withOldStyleBase(manifest: Manifest, name: string): Manifest {
  return { ...manifest, base: { name, sequence: 1, type: 'b' }, baseSequence: 1 };
}

/** With a new increment at the end. */
export function withNewIncrement(manifest: Manifest, appendfilename: string): Manifest {
  const sequence = manifest.incrementSequence + 1;
  const file: AofFile = { name: `${appendfilename}.${sequence}.incr.aof`, sequence, type: 'i' };
  return {
    ...manifest,
    increments: [...manifest.increments, file],
    incrementSequence: sequence,
  };
}

/** After a rewrite: increments are history, but for the last one when it is written to. */
export function withoutRewritten(manifest: Manifest, lastIsOpen: boolean): Manifest {
  const keptFrom = manifest.increments.length - (lastIsOpen ? 1 : 0);
  return {
    ...manifest,
    increments: manifest.increments.slice(keptFrom),
    history: [...manifest.increments.slice(0, keptFrom).map(asHistory), ...manifest.history],
  };
}

export function withoutHistory(manifest: Manifest): Manifest {
  return { ...manifest, history: [] };
}
