/** Owns a run of `trib up`: the view of what happens, the stay in the foreground, and the signals. */
import { resolve } from 'node:path';
import type { Topology } from '../../cluster/topology.ts';
import { systemClock } from '../../core/clock.ts';
import { exitCodes, TribError } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { keptCluster } from '../../local/again.ts';
import { down } from '../../local/down.ts';
import type { RunningNode, Up } from '../../local/start.ts';
import { defaultDir } from '../../local/state.ts';
import { type UpRequest, up } from '../../local/up.ts';
import type { Session } from '../session.ts';
import { downText, localClusterData, upText } from '../views/local-lines.ts';
import { viewFor } from '../views/view.ts';

export interface UpFlags extends Omit<UpRequest, 'dir'> {
  readonly dir: string | undefined;
  readonly detach: boolean;
}

const endings = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: 129 } as const;
type Ending = keyof typeof endings;

export async function runUp(session: Session, flags: UpFlags): Promise<void> {
  const dir = flags.dir === undefined ? defaultDir() : resolve(flags.dir);
  const signals = new Endings();
  try {
    const startMs = systemClock.monotonicMs();
    const made = await make(session, { ...flags, dir }, signals.abort.signal);
    const tookMs = systemClock.monotonicMs() - startMs;
    const stop = flags.detach ? `trib down${flags.dir === undefined ? '' : ` --dir ${dir}`}` : 'Ctrl-C';
    const summary = { dir, cluster: made.cluster, topology: made.topology, tookMs, down: stop };
    if (session.mode === 'human') session.write(await upText(summary, session));
    if (session.mode === 'json') {
      session.write(
        `${JSON.stringify({ ok: true, ...localClusterData(dir, made.cluster) }, undefined, 2)}\n`,
      );
    }
    if (flags.detach) for (const node of made.processes) node.release();
    else await stay(session, dir, made.processes, signals);
  } catch (error) {
    // A signal while the cluster was being made: it is taken down again already.
    if (!(error instanceof TribError) || error.code !== 'interrupted') throw error;
    session.writeError(`${error.message}\n`);
    process.exitCode = endings[signals.ending ?? 'SIGINT'];
  } finally {
    signals.close();
  }
}

async function make(
  session: Session,
  request: UpRequest,
  signal: AbortSignal,
): Promise<Up & { readonly topology: Topology }> {
  if (session.mode === 'human') session.write(`${session.paint('bold', headline(request))}\n`);
  const view = session.mode === 'json' ? undefined : await viewFor(session, 'up');
  let topology: Topology = { seed: { host: '127.0.0.1', port: request.firstPort }, nodes: [] };
  try {
    const events = up(request, { clock: systemClock, random: systemRandom }, { signal });
    for (;;) {
      const { value, done } = await events.next();
      if (done === true) return { ...value, topology };
      if (value.type === 'checked') topology = value.topology;
      view?.show(value);
    }
  } finally {
    view?.pause();
  }
}

function headline(request: UpRequest): string {
  const former = keptCluster(request.dir);
  if (former !== undefined)
    return `>>> Starting the ${former.nodes.length} nodes (${former.engine}) in ${request.dir} again`;
  const count = request.masters * (request.replicas + 1);
  return `>>> Starting ${count} nodes (${request.engine}) in ${request.dir}`;
}

/** Until a signal comes; tells of nodes that end meanwhile. Then takes the cluster down. */
async function stay(
  session: Session,
  dir: string,
  processes: readonly RunningNode[],
  signals: Endings,
): Promise<void> {
  const told = new Set<number>();
  const watch = systemClock.every(100, () => {
    for (const { port, ended } of processes) {
      const how = ended();
      if (how === undefined || told.has(port)) continue;
      told.add(port);
      session.writeError(`The node on port ${port} has ended (${how}).\n`);
    }
  });
  const ending = await signals.came;
  watch.cancel();
  const ended = await down(dir, systemClock);
  if (session.mode === 'human') session.write(downText(dir, ended));
  process.exitCode = endings[ending];
}

/** The signals that end `trib up`. */
class Endings {
  readonly abort = new AbortController();
  readonly came: Promise<Ending>;
  ending: Ending | undefined;
  readonly #listeners: (readonly [Ending, () => void])[];

  constructor() {
    let resolveCame: (ending: Ending) => void = () => {};
    this.came = new Promise((resolvePromise) => {
      resolveCame = resolvePromise;
    });
    const names = Object.keys(endings) as Ending[];
    this.#listeners = names.map((name) => {
      const listener = (): void => {
        this.ending ??= name;
        this.abort.abort();
        resolveCame(name);
      };
      process.on(name, listener);
      return [name, listener] as const;
    });
  }

  close(): void {
    for (const [name, listener] of this.#listeners) process.off(name, listener);
  }
}
