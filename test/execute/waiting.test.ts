import { afterEach, describe, expect, it } from 'vitest';
import { defaultClientOptions } from '../../src/client/node-client.ts';
import { ClientPool } from '../../src/client/pool.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { StepContext } from '../../src/execute/context.ts';
import { Interrupted } from '../../src/execute/context.ts';
import { waitAgreement } from '../../src/execute/steps/wait-agreement.ts';
import { waitServing } from '../../src/execute/steps/wait-serving.ts';
import { defaultMoveOptions, type NodeRef } from '../../src/plan/plan.ts';
import { type ScriptedServer, scriptedServer } from '../helpers/scripted-server.ts';

const id = 'a'.repeat(40);
let server: ScriptedServer | undefined;
let pool: ClientPool | undefined;
afterEach(async () => {
  pool?.close();
  await server?.stop();
});

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

/** One node, whose answer to CLUSTER INFO is that of `state` each time it is asked. */
async function nodeThat(state: (asked: number) => string): Promise<{ ref: NodeRef; context: StepContext }> {
  let asked = 0;
  server = await scriptedServer(([command, sub]) => {
    if (command === 'CLUSTER' && sub === 'NODES') asked++;
    const answer = state(asked);
    if (answer.startsWith('-')) return `${answer}\r\n`;
    return bulk(sub === 'NODES' ? `${id} 127.0.0.1:1@2 myself,master - 0 0 1 connected` : answer);
  });
  pool = new ClientPool(defaultClientOptions, systemClock);
  return {
    ref: { id, address: server.address, busPort: 0 },
    context: {
      pool,
      clock: systemClock,
      emit: () => {},
      signal: undefined,
      moveOptions: defaultMoveOptions,
      joinTimeoutMs: 5000,
    },
  };
}

describe('waiting for nodes', () => {
  it('sees a node through that is loading', async () => {
    const { ref, context } = await nodeThat((asked) =>
      asked < 4 ? '-LOADING Redis is loading the dataset in memory' : 'cluster_state:ok\r\n',
    );
    expect(await waitAgreement({ kind: 'wait-agreement', nodes: [ref], roles: true }, context)).toBe('done');
    expect(await waitServing({ kind: 'wait-serving', nodes: [ref] }, context)).toBe('already');
  });

  it('ends with a reason when the time is over', async () => {
    const { ref, context } = await nodeThat(() => 'cluster_state:fail\r\n');
    const waiting = waitServing({ kind: 'wait-serving', nodes: [ref] }, { ...context, joinTimeoutMs: 50 });
    await expect(waiting).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('still refuses clients'),
    });
  });

  it('ends when the operator wants it', async () => {
    const { ref, context } = await nodeThat(() => 'cluster_state:fail\r\n');
    const controller = new AbortController();
    const waiting = waitServing(
      { kind: 'wait-serving', nodes: [ref] },
      { ...context, signal: controller.signal },
    );
    controller.abort();
    await expect(waiting).rejects.toBeInstanceOf(Interrupted);
  });

  it('does not wait for what will not pass', async () => {
    const { ref, context } = await nodeThat(() => '-NOPERM this user has no permissions');
    const waiting = waitAgreement({ kind: 'wait-agreement', nodes: [ref], roles: false }, context);
    await expect(waiting).rejects.toMatchObject({ code: 'auth' });
  });
});
