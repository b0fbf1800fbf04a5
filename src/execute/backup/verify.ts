/**
 * Owns the verification of RDB files before anything is restored from them: first the checksums of the whole, then a
 * walk through every item, so that a file that is cut short, damaged or not understood is refused before the first key is
 * written. Reads only.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { TribError } from '../../core/errors.ts';
import { MANIFEST_FILE, PART_SUFFIX, parseManifest } from '../../plan/backup-manifest.ts';
import type { FoundFile } from '../../plan/restore.ts';
import type { VerifiedFile } from '../../plan/steps/restore-files.ts';
import { RdbError } from '../../protocol/rdb/errors.ts';
import { RdbFileChecksum } from '../../protocol/rdb/file-checksum.ts';
import { type RdbItem, RdbScanner } from '../../protocol/rdb/scanner.ts';
import { reasonOf } from './folder.ts';

/** A file to be restored, with what a manifest says of it. */
export interface ListedFile {
  /** Absolute. */
  readonly file: string;
  readonly expected: { readonly bytes: number; readonly sha256: string } | undefined;
}

const chunkBytes = 256 * 1024;

/**
 * The files that a backup's manifest names; or without a manifest, all that end in ".rdb". Throws a TribError ("usage")
 * when there is no backup, or an incomplete one.
 */
export async function listFiles(given: string): Promise<ListedFile[]> {
  const dir = resolve(given);
  const names = await readdir(dir).catch((error: unknown) => {
    throw new TribError('usage', `The folder ${dir} cannot be read: ${reasonOf(error)}.`);
  });
  const part = names.find((name) => name.endsWith(PART_SUFFIX));
  if (part !== undefined) {
    throw new TribError('usage', `The backup in ${dir} was not finished: it holds ${part}.`, {
      hint: 'Nothing was restored. Take another backup.',
    });
  }
  if (names.includes(MANIFEST_FILE)) {
    const manifest = parseManifest(await readFile(join(dir, MANIFEST_FILE), 'utf8'));
    return manifest.files.map(({ file, bytes, sha256 }) => ({
      file: join(dir, file),
      expected: { bytes, sha256 },
    }));
  }
  const files = names.filter((name) => name.endsWith('.rdb')).sort();
  if (files.length === 0) {
    throw new TribError(
      'usage',
      `There is no backup in ${dir}: neither ${MANIFEST_FILE} nor any file *.rdb.`,
    );
  }
  return files.map((name) => ({ file: join(dir, name), expected: undefined }));
}

/** Throws a TribError ("failed") that names the file and what is wrong with it. */
export async function verifyFile(
  { file, expected }: ListedFile,
  onBytes: (bytes: number) => void,
): Promise<FoundFile> {
  const modifiedMs = await modifiedAt(file);
  const { bytes, sha256 } = await readSums(file, (done) => onBytes(done / 2));
  if (expected !== undefined && (expected.bytes !== bytes || expected.sha256 !== sha256)) {
    throw damaged(
      file,
      `its ${expected.bytes === bytes ? 'SHA-256' : 'size'} is not the one in ${MANIFEST_FILE}: it was changed or damaged`,
    );
  }
  let [keys, otherKeys] = [0, 0];
  const functions: string[] = [];
  for await (const items of readItems(file, (done) => onBytes((bytes + done) / 2))) {
    for (const item of items) {
      if (item.kind === 'function') functions.push(item.code);
      else if (item.key.db === 0) keys++;
      else otherKeys++;
    }
  }
  return { file, bytes, sha256, modifiedMs, keys, otherKeys, functions };
}

/** Throws a TribError ("unsafe") unless the file is the one that was verified. */
export async function refuseChanged(verified: VerifiedFile): Promise<void> {
  const { size, mtimeMs } = await statOf(verified.file);
  if (size === verified.bytes && Math.trunc(mtimeMs) === verified.modifiedMs) return;
  const { sha256 } = await readSums(verified.file, () => {});
  if (sha256 === verified.sha256) return;
  throw new TribError('unsafe', `${verified.file} has changed since the restore was planned.`, {
    hint: 'Bring back the file as it was, or begin with a new trib restore.',
  });
}

/** What the file holds, a chunk at a time, in its order. Throws a TribError ("failed"). */
export async function* readItems(
  file: string,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<readonly RdbItem[], void> {
  const scanner = new RdbScanner();
  try {
    for await (const chunk of chunksOf(file, onBytes)) yield scanner.feed(chunk);
    scanner.end();
  } catch (error) {
    throw asDamage(file, error);
  }
}

async function readSums(
  file: string,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; sha256: string }> {
  const [sha256, checksum] = [createHash('sha256'), new RdbFileChecksum()];
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(file, onBytes)) {
      checksum.feed(chunk);
      sha256.update(chunk);
      bytes += chunk.length;
    }
    checksum.end();
  } catch (error) {
    throw asDamage(file, error);
  }
  return { bytes, sha256: sha256.digest('hex') };
}

async function* chunksOf(file: string, onBytes: (bytes: number) => void): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes })) {
    bytes += chunk.length;
    yield chunk;
    onBytes(bytes);
  }
}

async function modifiedAt(file: string): Promise<number> {
  return Math.trunc((await statOf(file)).mtimeMs);
}

async function statOf(file: string): Promise<{ size: number; mtimeMs: number }> {
  try {
    return await stat(file);
  } catch (error) {
    throw asDamage(file, error);
  }
}

function asDamage(file: string, error: unknown): TribError {
  if (error instanceof TribError) return error;
  if (error instanceof RdbError) return damaged(file, error.message);
  return new TribError('failed', `${file} cannot be read: ${reasonOf(error)}.`);
}

function damaged(file: string, why: string): TribError {
  return new TribError('failed', `${basename(file)} cannot be restored: ${why}.`);
}
