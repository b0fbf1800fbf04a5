/** Owns the operation that gives all slots of a master to the others. Usable without any command line. */
import { nameOfId, nameOfNode, nodeById, replicasOf, type Topology } from '../../cluster/topology.ts';
import { type DrainRequest, planDrain } from '../../plan/drain.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey } from '../survey.ts';
import { atRest } from '../survey-at-rest.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface DrainOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  readonly request: (topology: Topology) => DrainRequest;
}

/** Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed, and others. */
export function drain(options: DrainOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await atRest(() => survey(tools.pool, options.seeds, { settings: true }), tools.clock);
    yield { type: 'surveyed', topology };
    const request = options.request(topology);
    const plan = planDrain(topology, request);
    const finished = yield* carryOut(plan, topology, tools, options);
    if (finished.outcome === 'done') {
      const now = await survey(tools.pool, [plan.seed]);
      for (const message of whatFollows(topology, now, request.nodeId)) {
        yield { type: 'note', severity: 'note', message };
      }
    }
    yield finished;
  });
}

/** Who follows another master now than before, as nodes do by themselves when their master gives its last slot. */
function whatFollows(before: Topology, now: Topology, id: string): string[] {
  return [id, ...replicasOf(before, id).map((replica) => replica.id)].flatMap((nodeId) => {
    const node = nodeById(now, nodeId);
    const masterId = node?.masterId;
    if (node === undefined || masterId === undefined || masterId === nodeById(before, nodeId)?.masterId)
      return [];
    const name = nameOfNode(node);
    return [
      `${name} is a replica of ${nameOfId(now, masterId)} now: ${nodeId === id ? 'it' : 'its master'} has no slots any more, and such nodes follow who took the last (cluster-allow-replica-migration).`,
    ];
  });
}
