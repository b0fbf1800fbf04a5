/** Owns the run of `trib create` between its flags and the operation: what is missing is asked for. */
import { TribError } from '../core/errors.ts';
import { create } from '../execute/operations/create.ts';
import { type Endpoint, formatAddress, parseEndpoints } from '../protocol/text/addresses.ts';
import { Asker } from './ask.ts';
import { writePlan } from './plan-store.ts';
import { play } from './play.ts';
import type { Session } from './session.ts';

export interface CreateFlags {
  readonly replicas: number;
  readonly wait: boolean;
  readonly timeout?: number | undefined;
  readonly yes: boolean;
  readonly 'dry-run': boolean;
  readonly plan?: string | undefined;
}

export async function runCreate(
  words: readonly string[],
  flags: CreateFlags,
  openSession: (endpoints: readonly Endpoint[]) => Promise<Session>,
): Promise<void> {
  let nodes = parseEndpoints(words);
  const session = await openSession(nodes);
  const asker = new Asker(session);
  if (nodes.length === 0) nodes = await askForNodes(asker);
  refuseTwice(nodes);
  const { plan: file } = flags;
  const approve = async (): Promise<boolean> =>
    asker.onTerminal
      ? asker.confirm('Can I set the above configuration?', '--yes')
      : asker.confirm("Can I set the above configuration? (type 'yes' to accept): ", '--yes');
  await play(
    session,
    { operation: 'create', planFile: file, approve: flags.yes ? undefined : approve },
    (options) =>
      create({
        ...options,
        nodes: nodes.map(({ host, port }) => ({ host, port })),
        replicas: flags.replicas,
        waitServing: flags.wait,
        dryRun: flags['dry-run'],
        ...(flags.timeout === undefined ? {} : { joinTimeoutMs: flags.timeout }),
        ...(file === undefined ? {} : { savePlan: (plan) => writePlan(file, plan) }),
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
