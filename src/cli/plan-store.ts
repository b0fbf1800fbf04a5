/** Owns plans on disk: written whole or not at all, and never over something else. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { messageOf, TribError } from '../core/errors.ts';
import type { Plan } from '../plan/plan.ts';
import { parsePlan, serialisePlan } from '../plan/plan-file.ts';

/** Returns `file`. Throws a TribError ("failed") when it cannot be written, "usage" when it holds no plan. */
export async function writePlan(file: string, plan: Plan): Promise<string> {
  await refuseOtherFile(file);
  const part = `${file}.${process.pid}.part`;
  try {
    await writeFile(part, serialisePlan(plan), { mode: 0o600, flag: 'wx' });
    await rename(part, file);
  } catch (error) {
    throw new TribError('failed', `The plan cannot be written to ${file}: ${messageOf(error)}`, {
      hint: 'Nothing was changed.',
    });
  }
  return file;
}

async function refuseOtherFile(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined || text === '') return;
  try {
    parsePlan(text);
  } catch {
    throw new TribError('usage', `${file} exists and is not a plan: it is not overwritten.`);
  }
}
