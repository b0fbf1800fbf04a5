/** Owns the runs of `trib apply` and `trib resume` between their flags and the operation. */
import type { Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { apply } from '../execute/operations/apply.ts';
import { look } from '../execute/operations/check.ts';
import { nodesInPlan } from '../plan/assess.ts';
import { parsePlan } from '../plan/plan-file.ts';
import { type Endpoint, formatAddress } from '../protocol/text/addresses.ts';
import { Journal, type Unfinished } from './journal.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { type ApplyFlags, runApplyTopology } from './run-topology.ts';
import { seedsOf } from './seeds.ts';
import type { OpenSession, Session } from './session.ts';
import { readNamedFile } from './topology-file.ts';

export async function runApply(
  words: readonly string[],
  flags: ApplyFlags,
  openSession: OpenSession,
): Promise<void> {
  const [file, ...others] = words;
  if (file === undefined || others.length > 0) {
    throw new TribError('usage', 'Name one file: a plan, or a topology file.');
  }
  const text = await readNamedFile(file);
  if (!isPlan(text)) {
    await runApplyTopology(file, text, flags, openSession);
    return;
  }
  const plan = parsePlan(text);
  if (flags.prune || flags.plan !== undefined) {
    throw new TribError('usage', `${file} is a plan: --prune and --plan are for topology files.`);
  }
  await carryOn({ file, plan }, flags, await openSession([]));
}

/** A plan is JSON with a format of its own, be it cut short; a topology file has nodes. */
function isPlan(text: string): boolean {
  return /^\s*\{/.test(text) && (/"format"\s*:/.test(text) || !/\bnodes\b/.test(text));
}

/** Without words: what is unfinished, if that is one plan. With nodes: the latest plan for their cluster. */
export async function runResume(
  words: readonly string[],
  flags: ChangeFlags & { readonly forget: boolean },
  openSession: OpenSession,
): Promise<void> {
  const journal = new Journal();
  const seeds = words.length === 0 ? [] : seedsOf(words);
  const session = await openSession(seeds);
  const all = journal.unfinished();
  const found = seeds.length === 0 ? all : await ofCluster(all, seeds, session);
  const [latest, ...others] = found;
  if (latest === undefined) {
    throw new TribError('usage', 'There is nothing to resume.', {
      hint: 'Every plan that was begun here is done. A cluster that was left in the middle by another tool or from another machine is finished by: trib fix HOST:PORT',
    });
  }
  if (seeds.length === 0 && others.length > 0) {
    const list = found.map(({ plan }) => `  trib resume ${formatAddress(plan.seed)}   # ${plan.operation}`);
    throw new TribError('usage', `${found.length} plans are unfinished: name a node of the cluster.`, {
      hint: list.join('\n'),
    });
  }
  if (flags.forget) {
    for (const { file } of found) journal.remove(file);
    session.write(
      `Forgotten: ${found.map(({ plan }) => plan.operation).join(', ')}. The cluster was not changed.\n`,
    );
    return;
  }
  await carryOn(latest, flags, session);
}

async function carryOn({ file, plan }: Unfinished, flags: ChangeFlags, session: Session): Promise<void> {
  await runChange(
    session,
    { operation: 'apply', planOrigin: file, flags, question: 'Do you want to carry out this plan?' },
    (options) => apply({ ...options, plan }),
  );
}

/** The plans that name a node of the cluster, by id: addresses are used again. */
async function ofCluster(
  plans: readonly Unfinished[],
  seeds: readonly Endpoint[],
  { credentials, tls }: Session,
): Promise<Unfinished[]> {
  let topology: Topology | undefined;
  for await (const event of look({ seeds, credentials, tls })) {
    if (event.type === 'surveyed') topology = event.topology;
  }
  const ids = new Set(topology?.nodes.map(({ id }) => id));
  return plans.filter(({ plan }) => nodesInPlan(plan).some(({ id }) => ids.has(id)));
}
