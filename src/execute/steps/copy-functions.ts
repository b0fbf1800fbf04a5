/**
 * Owns the step that gives a new master the functions of the others: FUNCTION DUMP and RESTORE. Servers before 7.0 have
 * none. Source: redis-cli.c clusterManagerCommandAddNode.
 */
import { type Reply, ReplyError, refusal } from '../../client/command.ts';
import type { NodeClient } from '../../client/node-client.ts';
import { TribError } from '../../core/errors.ts';
import type { CopyFunctions } from '../../plan/steps/copy-functions.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { StepContext } from '../context.ts';

const list = ['FUNCTION', 'LIST', 'WITHCODE'] as const;
const dump = ['FUNCTION', 'DUMP'] as const;

export async function copyFunctions(step: CopyFunctions, context: StepContext): Promise<'done' | 'already'> {
  const source = context.pool.at(step.source.address);
  const target = context.pool.at(step.target.address);
  const wanted = await librariesOf(source);
  if (wanted.size === 0) return 'already';
  const present = await librariesOf(target);
  if (present.size > 0) {
    const same =
      present.size === wanted.size && [...present].every(([name, code]) => wanted.get(name) === code);
    if (same) return 'already';
    throw new TribError('unsafe', `${formatAddress(target.address)} has functions of its own.`, {
      hint: 'Empty it with FUNCTION FLUSH if nobody needs them, then go on.',
    });
  }
  const payload = await source.demand(dump, { repeatable: true });
  if (!Buffer.isBuffer(payload)) return 'already';
  await target.demand(['FUNCTION', 'RESTORE', payload]);
  return 'done';
}

/** The code of each library by its name; none where the server knows no functions. Throws a TribError. */
export async function librariesOf(client: NodeClient): Promise<ReadonlyMap<string, string>> {
  const [reply = null] = await client.pipeline([list], { repeatable: true });
  if (reply instanceof ReplyError) {
    if (/unknown (?:sub)?command/i.test(reply.message)) return new Map();
    throw refusal(client.address, list, reply);
  }
  const libraries = Array.isArray(reply) ? reply.map(fieldsOf) : [];
  return new Map(
    libraries.map((fields) => [fields.get('library_name') ?? '', fields.get('library_code') ?? '']),
  );
}

/** Names and values take turns. */
function fieldsOf(library: Reply): Map<string, string> {
  const words = Array.isArray(library) ? library : [];
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) {
    const value = words[at + 1];
    if (Buffer.isBuffer(value)) fields.set(String(words[at]), value.toString('latin1'));
  }
  return fields;
}
