/** Owns the operation that sets the node timeout of all nodes. Usable without any command line. */
import { planSetTimeout } from '../../plan/set-timeout.ts';
import { type Address, formatAddress } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { notKept } from '../steps/set-node-timeout.ts';
import { survey } from '../survey.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface SetTimeoutOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  readonly timeoutMs: number;
}

/** Ends with a "finished" event, `ok` when every node has its new timeout. Throws a TribError ("usage"), and others. */
export function setTimeoutOfNodes(options: SetTimeoutOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await survey(tools.pool, options.seeds);
    yield { type: 'surveyed', topology };
    const plan = planSetTimeout(topology, options.timeoutMs);
    const forgetful: string[] = [];
    const running = carryOut(plan, topology, tools, options);
    for (;;) {
      const { value, done } = await running.next();
      if (done === true) {
        if (forgetful.length > 0) yield noteOf(forgetful);
        yield value;
        return;
      }
      if (value.type === 'replied' && value.reply === notKept) forgetful.push(formatAddress(value.node));
      yield value;
    }
  });
}

function noteOf(names: readonly string[]): TribEvent {
  const who = [...names].sort().join(', ');
  const message =
    names.length === 1
      ? `${who} runs without a configuration file: it loses the timeout when it starts again.`
      : `${who} run without a configuration file: they lose the timeout when they start again.`;
  return { type: 'note', severity: 'warning', message };
}
