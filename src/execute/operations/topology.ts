/**
 * Owns the operations on a topology file's layout: the telling of what differs, the making of a cluster, and the
 * bringing of a cluster to it. Usable without any command line.
 */
import type { Layout } from '../../cluster/layout.ts';
import { mergeViews } from '../../cluster/merge.ts';
import { type Topology, viewsOf } from '../../cluster/topology.ts';
import { TribError } from '../../core/errors.ts';
import { planApplyLayout } from '../../plan/apply-layout.ts';
import { type Comparison, compareLayout } from '../../plan/compare-layout.ts';
import { planCreateAs } from '../../plan/create.ts';
import { type Found, rosterOf } from '../../plan/layout-roster.ts';
import { type CreatePlan, defaultMoveOptions, type MoveOptions } from '../../plan/plan.ts';
import type { Finished, TribEvent } from '../events.ts';
import { surveyLayout } from '../survey-layout.ts';
import { carryOut } from './carry-out.ts';
import { carryOutCreate } from './create.ts';
import { type OperationOptions, type Tools, withTools } from './options.ts';

export interface LayoutOptions extends OperationOptions {
  readonly layout: Layout;
}

export interface CreateFromOptions extends LayoutOptions {
  readonly waitServing?: boolean;
  /** One or two masters will do. */
  readonly allowFewMasters?: boolean;
}

export interface ApplyLayoutOptions extends CreateFromOptions {
  /** Nodes of the cluster that the layout does not have leave it; otherwise they are told of. */
  readonly prune?: boolean;
  readonly moveOptions?: MoveOptions;
}

/** Changes nothing. Ends with a "finished" event, `ok` when nothing differs. Throws a TribError. */
export function diff(options: LayoutOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* ({ pool, clock }) {
    const startMs = clock.monotonicMs();
    const found = await surveyLayout(pool, options.layout);
    const comparison = yield* compare(options.layout, found);
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    yield { ...nothingMoved('diff', tookMs), ok: comparison.differences.length === 0 };
  });
}

/**
 * Does nothing where the nodes are such a cluster already. Ends with a "finished" event. Throws a TribError: "unsafe"
 * when they are another cluster, or are not empty; and as `create` does.
 */
export function createFrom(options: CreateFromOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const found = await surveyLayout(tools.pool, options.layout);
    if (found.cluster === undefined) {
      yield* make(found, options, tools);
      return;
    }
    const { differences } = yield* compare(options.layout, found);
    if (differences.length > 0) {
      throw new TribError(
        'unsafe',
        '[ERR] The nodes of the file are a cluster already, and not as the file has it.',
        {
          hint: 'trib diff tells what differs; trib apply brings the cluster there.',
        },
      );
    }
    yield nothingMoved('create', 0);
  });
}

/** Makes the cluster where there is none. Ends with a "finished" event. Throws a TribError. */
export function applyLayout(options: ApplyLayoutOptions): AsyncGenerator<TribEvent, void> {
  const { layout, prune = false, moveOptions = defaultMoveOptions } = options;
  return withTools(options, async function* (tools) {
    const found = await surveyLayout(tools.pool, layout);
    if (found.cluster === undefined) {
      yield* make(found, options, tools);
      return;
    }
    const { cluster } = found;
    yield* compare(layout, found);
    const plan = planApplyLayout({ ...found, cluster }, { layout, prune, options: moveOptions });
    const finished = yield* carryOut(plan, cluster, tools, options);
    if (finished.outcome === 'done' && plan.steps.length > 0) {
      const now = await surveyLayout(tools.pool, layout);
      yield* compare(layout, now);
    }
    yield finished;
  });
}

async function* compare(layout: Layout, found: Found): AsyncGenerator<TribEvent, Comparison> {
  yield { type: 'surveyed', topology: found.cluster ?? apart(found) };
  const comparison = compareLayout(layout, found);
  yield { type: 'compared', ...comparison };
  return comparison;
}

async function* make(
  found: Found,
  options: CreateFromOptions,
  tools: Tools,
): AsyncGenerator<TribEvent, void> {
  const [away] = found.silences;
  if (away !== undefined) throw new TribError('connect', away.reason, { hint: 'Is the node running?' });
  const topology = apart(found);
  yield { type: 'surveyed', topology };
  const plan = planFor(found, topology, options);
  yield* carryOutCreate(plan, topology, tools, options);
}

function planFor(found: Found, topology: Topology, options: CreateFromOptions): CreatePlan {
  const { holders, laidOut, nodeOf } = rosterOf(options.layout, found, false);
  const replicas = laidOut.replicas.flatMap((place) => {
    const [node, master] = [nodeOf(place.node), nodeOf(place.master)];
    return node === undefined || master === undefined ? [] : [{ node, master }];
  });
  return planCreateAs(topology, holders, replicas, {
    replicas: options.layout.replicas ?? Math.floor(replicas.length / Math.max(1, holders.length)),
    waitServing: options.waitServing ?? false,
    allowFewMasters: options.allowFewMasters ?? false,
  });
}

/** Nodes that are in no cluster yet, in one picture. */
function apart({ newcomers }: Found): Topology {
  const views = newcomers.flatMap(({ node }) => viewsOf({ seed: node.address, nodes: [node] }));
  return mergeViews(views[0]?.address ?? { host: '', port: 0 }, views);
}

function nothingMoved(operation: Finished['operation'], tookMs: number): Finished {
  return { type: 'finished', operation, outcome: 'done', ok: true, slots: 0, keys: 0, tookMs };
}
