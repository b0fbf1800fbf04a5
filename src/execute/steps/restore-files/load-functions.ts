/** Owns the step that loads the functions of a backup into every master: those that it does not have yet. */
import { TribError } from '../../../core/errors.ts';
import { librariesIn } from '../../../plan/restore.ts';
import type { LoadFunctions } from '../../../plan/steps/restore-files.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import { readItems, refuseChanged } from '../../backup/verify.ts';
import type { StepContext } from '../../context.ts';
import { librariesOf } from '../copy-functions.ts';

/** Throws a TribError: "unsafe", before anything is loaded, when a master has another library of the same name. */
export async function loadFunctions(
  { files, masters }: LoadFunctions,
  context: StepContext,
): Promise<'done' | 'already'> {
  const found: { file: string; functions: readonly string[] }[] = [];
  for (const verified of files) {
    await refuseChanged(verified);
    found.push({ file: verified.file, functions: await functionsOf(verified.file) });
  }
  const wanted = librariesIn(found);
  const clients = masters.map(({ address }) => context.pool.at(address));
  const missing = await Promise.all(
    clients.map(async (client) => {
      const present = await librariesOf(client);
      return [...wanted].filter(([name, code]) => {
        const other = present.get(name);
        if (other !== undefined && other !== code && !context.moveOptions.replace) {
          throw new TribError(
            'unsafe',
            `${formatAddress(client.address)} has another function library ${name} than the backup.`,
            { hint: 'Restore with --replace to take the one of the backup, or with --no-functions.' },
          );
        }
        return other !== code;
      });
    }),
  );
  if (missing.every((libraries) => libraries.length === 0)) return 'already';
  await Promise.all(
    clients.map(async (client, index) => {
      for (const [, code] of missing[index] ?? [])
        await client.demand(['FUNCTION', 'LOAD', 'REPLACE', Buffer.from(code, 'latin1')], {
          repeatable: true,
        });
    }),
  );
  return 'done';
}

/** They stand before the first key. */
async function functionsOf(file: string): Promise<string[]> {
  const functions: string[] = [];
  for await (const items of readItems(file)) {
    for (const item of items) {
      if (item.kind === 'key') return functions;
      functions.push(item.code);
    }
  }
  return functions;
}
