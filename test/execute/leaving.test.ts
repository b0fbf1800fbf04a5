import { afterEach, describe, expect, it } from 'vitest';
import { defaultClientOptions } from '../../src/client/node-client.ts';
import { ClientPool } from '../../src/client/pool.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { StepContext } from '../../src/execute/context.ts';
import type { TribEvent } from '../../src/execute/events.ts';
import { copyFunctions } from '../../src/execute/steps/copy-functions.ts';
import { failover } from '../../src/execute/steps/failover.ts';
import { forget } from '../../src/execute/steps/forget.ts';
import { reset } from '../../src/execute/steps/reset.ts';
import { defaultMoveOptions, type NodeRef } from '../../src/plan/plan.ts';
import { type ScriptedServer, scriptedServer } from '../helpers/scripted-server.ts';
import { idOf } from '../helpers/views.ts';

const servers: ScriptedServer[] = [];
let pool: ClientPool;
let events: TribEvent[] = [];
afterEach(async () => {
  pool.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const line = (number: number, flags: string, rest = '- 0 0 1 connected'): string =>
  `${idOf(number)} 127.0.0.1:${7000 + number}@${17_000 + number} ${flags} ${rest}`;
const leaving = idOf(3);

/** A node that answers CLUSTER NODES with `lines`, and other commands with `others`. */
async function node(
  number: number,
  lines: () => readonly string[],
  others: (words: readonly string[]) => string = () => '+OK\r\n',
): Promise<{ readonly ref: NodeRef; readonly server: ScriptedServer }> {
  const server = await scriptedServer((words) => {
    const [command = '', sub = ''] = words.map((word) => word.toUpperCase());
    if (command === 'CLUSTER' && sub === 'NODES') return bulk(lines().join('\n'));
    if (command === 'INFO' || (command === 'CLUSTER' && sub === 'INFO')) return bulk('cluster_state:ok\r\n');
    return others(words);
  });
  servers.push(server);
  return { ref: { id: idOf(number), address: server.address, busPort: 0 }, server };
}

function context(joinTimeoutMs = 2000): StepContext {
  pool = new ClientPool({ ...defaultClientOptions, patienceMs: 0 }, systemClock);
  events = [];
  return {
    pool,
    clock: systemClock,
    emit: (event) => events.push(event),
    signal: undefined,
    moveOptions: defaultMoveOptions,
    joinTimeoutMs,
  };
}

const requestsOf = (server: ScriptedServer, word: string): string[] =>
  server.requests.filter((request) => request.includes(word));
const notes = (): string[] => events.flatMap((event) => (event.type === 'note' ? [event.message] : []));

describe('forgetting a node', () => {
  it('asks nobody to while one sees it with slots, and then all at once, also one that nobody planned', async () => {
    let looks = 0;
    let forgotten = false;
    const first = await node(
      1,
      () => {
        looks++;
        const slots = looks < 4 ? ' 0-5' : '';
        const other = `${idOf(2)} 127.0.0.1:${second.ref.address.port}@1 master - 0 0 1 connected`;
        const own = [line(1, 'myself,master'), other];
        return forgotten ? own : [...own, line(3, 'master') + slots];
      },
      (words) => {
        if (words[1] === 'FORGET') forgotten = true;
        return '+OK\r\n';
      },
    );
    // Not in the step: it joined later.
    const second = await node(2, () => [line(2, 'myself,master'), ...(forgotten ? [] : [line(3, 'master')])]);
    const step = { kind: 'forget', id: leaving, name: 'it', nodes: [first.ref] } as const;
    expect(await forget(step, context())).toBe('done');
    expect(requestsOf(first.server, 'FORGET')).toHaveLength(1);
    expect(first.server.requests.indexOf(`CLUSTER FORGET ${leaving}`)).toBeGreaterThanOrEqual(4);
    expect(requestsOf(second.server, 'NODES').length).toBeGreaterThan(0);
    expect(requestsOf(second.server, 'FORGET')).toHaveLength(1);
    expect(await forget(step, context())).toBe('already');
  });

  it('waits while the node is meeting another: the MEET would bring it back', async () => {
    let looks = 0;
    const first = await node(1, () => [
      line(1, 'myself,master'),
      ...(requestsOf(first.server, 'FORGET').length > 0
        ? []
        : [`${leaving} 127.0.0.1:${it3.ref.address.port}@1 master - 0 0 1 connected`]),
    ]);
    const it3 = await node(3, () => [
      line(3, 'myself,master'),
      line(1, 'master'),
      ...(++looks < 4 ? [line(9, 'handshake')] : []),
    ]);
    const step = { kind: 'forget', id: leaving, name: 'it', nodes: [first.ref] } as const;
    expect(await forget(step, context())).toBe('done');
    expect(looks).toBe(4);
    expect(requestsOf(first.server, 'FORGET')).toHaveLength(1);
  });

  it('does not wait for a node that is gone, whose address others try in vain', async () => {
    const first = await node(1, () => [
      line(1, 'myself,master'),
      ...(requestsOf(first.server, 'FORGET').length > 0 ? [] : [line(3, 'master,fail')]),
      `${idOf(9)} 127.0.0.1:7003@17003 handshake - 0 0 0 disconnected`,
    ]);
    const step = { kind: 'forget', id: leaving, name: 'it', nodes: [first.ref] } as const;
    expect(await forget(step, context(500))).toBe('done');
  });

  it('ends without having begun when the node keeps its slots', async () => {
    const first = await node(1, () => [line(1, 'myself,master'), `${line(3, 'master')} 0-5`]);
    const step = { kind: 'forget', id: leaving, name: 'h:1', nodes: [first.ref] } as const;
    await expect(forget(step, context(100))).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('takes it for a node with slots'),
    });
    expect(requestsOf(first.server, 'FORGET')).toEqual([]);
  });

  it('tells of nodes that cannot be told', async () => {
    const first = await node(1, () => [line(1, 'myself,master')]);
    const away: NodeRef = { id: idOf(2), address: { host: '127.0.0.1', port: 1 }, busPort: 0 };
    const step = { kind: 'forget', id: leaving, name: 'h:1', nodes: [first.ref, away] } as const;
    expect(await forget(step, context())).toBe('already');
    expect(notes()).toEqual([expect.stringContaining('127.0.0.1:1 cannot be told: if it comes back')]);
  });
});

describe('resetting a node that has left', () => {
  const resetOf = (ref: NodeRef) => reset({ kind: 'reset', node: { ...ref, id: leaving } }, context());

  it('is done once, and not to another node that listens there by now', async () => {
    const it3 = await node(3, () => [line(3, 'myself,master'), line(1, 'master')]);
    expect(await resetOf(it3.ref)).toBe('done');
    expect(requestsOf(it3.server, 'RESET')).toEqual(['CLUSTER RESET SOFT']);
    expect(requestsOf(it3.server, 'KILL')).toEqual(['CLIENT KILL TYPE normal', 'CLIENT KILL TYPE pubsub']);
    pool.close();
    const alone = await node(3, () => [line(3, 'myself,master')]);
    expect([await resetOf(alone.ref), requestsOf(alone.server, 'RESET')]).toEqual(['already', []]);
    pool.close();
    const other = await node(5, () => [line(5, 'myself,master'), line(1, 'master')]);
    expect([await resetOf(other.ref), requestsOf(other.server, 'RESET')]).toEqual(['already', []]);
  });

  it('is told of when the node does not answer', async () => {
    expect(await resetOf({ id: leaving, address: { host: '127.0.0.1', port: 1 }, busPort: 0 })).toBe(
      'already',
    );
    expect(notes()).toEqual([expect.stringContaining('was not reset')]);
  });
});

describe('functions', () => {
  const refusing = (text: string) => () => `-${text}\r\n`;
  it('are passed over where the servers know none', async () => {
    const old = await node(
      1,
      () => [],
      refusing("ERR unknown command 'FUNCTION', with args beginning with: 'LIST'"),
    );
    const fresh = await node(2, () => []);
    const step = { kind: 'copy-functions', source: old.ref, target: fresh.ref } as const;
    expect([await copyFunctions(step, context()), fresh.server.requests]).toEqual(['already', []]);
  });

  it('are not put over others', async () => {
    const list = (name: string): string =>
      `*1\r\n*4\r\n${['library_name', name, 'library_code', 'x'].map(bulk).join('')}`;
    const source = await node(
      1,
      () => [],
      () => list('one'),
    );
    const same = await node(
      2,
      () => [],
      () => list('one'),
    );
    const other = await node(
      3,
      () => [],
      () => list('two'),
    );
    const copyTo = (target: NodeRef) =>
      copyFunctions({ kind: 'copy-functions', source: source.ref, target }, context());
    expect(await copyTo(same.ref)).toBe('already');
    pool.close();
    await expect(copyTo(other.ref)).rejects.toMatchObject({ code: 'unsafe' });
    expect(requestsOf(other.server, 'RESTORE')).toEqual([]);
  });
});

describe('a failover', () => {
  const master: NodeRef = { id: idOf(1), address: { host: '127.0.0.1', port: 1 }, busPort: 0 };
  const follower = (): string[] => [line(2, 'myself,slave', `${idOf(1)} 0 0 1 connected`)];
  const step = (replica: NodeRef) => ({ kind: 'failover', replica, master, way: 'manual' }) as const;

  it('is refused in words when there is no master to hand over', async () => {
    const replica = await node(
      2,
      follower,
      () => '-ERR Master is down or failed, please use CLUSTER FAILOVER FORCE\r\n',
    );
    await expect(failover(step(replica.ref), context())).rejects.toMatchObject({
      code: 'unsafe',
      message: expect.stringMatching(/no link/),
    });
  });

  it('goes on when one that was asked for before came to pass just now', async () => {
    let asked = false;
    const replica = await node(
      2,
      () => (asked ? [`${line(2, 'myself,master')} 0-5`] : follower()),
      () => {
        asked = true;
        return '-ERR You should send CLUSTER FAILOVER to a replica\r\n';
      },
    );
    expect(await failover(step(replica.ref), context())).toBe('done');
    expect(await failover(step(replica.ref), context())).toBe('already');
  });
});
