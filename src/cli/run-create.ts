/** Owns the run of `trib create` between its flags and the operation: what is missing is asked for. */
import { TribError } from '../core/errors.ts';
import { create } from '../execute/operations/create.ts';
import { type Endpoint, formatAddress, parseEndpoints } from '../protocol/text/addresses.ts';
import { Asker } from './ask.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { isTopologyFile, runCreateFrom } from './run-topology.ts';
import type { OpenSession } from './session.ts';

export interface CreateFlags extends ChangeFlags {
  readonly replicas?: number | undefined;
  readonly wait: boolean;
  readonly 'allow-few-masters': boolean;
}

export async function runCreate(
  words: readonly string[],
  flags: CreateFlags,
  openSession: OpenSession,
): Promise<void> {
  const [file = ''] = words;
  if (isTopologyFile(words)) {
    if (flags.replicas !== undefined) {
      throw new TribError('usage', `How many replicas is said in ${file}, not by --replicas.`);
    }
    await runCreateFrom(file, flags, openSession);
    return;
  }
  let nodes = parseEndpoints(words);
  const session = await openSession(nodes);
  const asker = new Asker(session);
  if (nodes.length === 0) nodes = await askForNodes(asker);
  refuseTwice(nodes);
  const question = 'Can I set the above configuration?';
  await runChange(
    session,
    { operation: 'create', asker, flags, question, questionOnPipe: `${question} (type 'yes' to accept): ` },
    (options) =>
      create({
        ...options,
        nodes: nodes.map(({ host, port }) => ({ host, port })),
        replicas: flags.replicas ?? 0,
        waitServing: flags.wait,
        allowFewMasters: flags['allow-few-masters'],
      }),
  );
}

async function askForNodes(asker: Asker): Promise<Endpoint[]> {
  if (!asker.onTerminal) {
    throw new TribError('usage', 'Which nodes? Name at least three, as host:port.');
  }
  const problemWith = (text: string): string | undefined => {
    try {
      parseEndpoints(text.split(/[\s,]+/));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const answer = await asker.text('Which nodes (host:port host:port ...)?', problemWith);
  return parseEndpoints(answer.split(/[\s,]+/));
}

function refuseTwice(nodes: readonly Endpoint[]): void {
  const seen = new Set<string>();
  for (const node of nodes) {
    const name = formatAddress(node);
    if (seen.has(name)) throw new TribError('usage', `${name} is named twice.`);
    seen.add(name);
  }
}
