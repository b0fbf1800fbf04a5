import { afterEach, describe, expect, it } from 'vitest';
import { defaultClientOptions } from '../../src/client/node-client.ts';
import { ClientPool } from '../../src/client/pool.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { StepContext } from '../../src/execute/context.ts';
import type { TribEvent } from '../../src/execute/events.ts';
import { moveSlots } from '../../src/execute/steps/move-slots/move-slots.ts';
import { defaultMoveOptions, type MoveOptions, type MoveSlots } from '../../src/plan/plan.ts';
import { SlotSet } from '../../src/protocol/slots/slot-set.ts';
import { AtomicPeers } from '../helpers/atomic-peers.ts';

/** No server that has it runs here: the peers are scripted after the documentation of Valkey 9 and Redis 8.4. */
describe.each(['valkey', 'redis'] as const)('atomic slot migration of %s (scripted peers)', (flavour) => {
  let peers: AtomicPeers;
  let pool: ClientPool;
  afterEach(async () => {
    pool?.close();
    await peers?.stop();
  });

  const start = async (): Promise<AtomicPeers> => {
    peers = await AtomicPeers.start(flavour);
    return peers;
  };

  const stepOf = (first: number, last: number): MoveSlots => ({
    kind: 'move-slots',
    source: peers.ref('source'),
    target: peers.ref('target'),
    slots: [{ first, last }],
  });

  function running(options: Partial<MoveOptions> = {}, signal?: AbortSignal) {
    const events: TribEvent[] = [];
    pool?.close();
    pool = new ClientPool({ ...defaultClientOptions, patienceMs: 1000 }, systemClock);
    const context: StepContext = {
      pool,
      clock: systemClock,
      emit: (event) => events.push(event),
      signal,
      moveOptions: { ...defaultMoveOptions, ...options },
      joinTimeoutMs: 2000,
    };
    return { events, context };
  }

  it('is told once for many slots, and asked until it is over', async () => {
    await start();
    const { context, events } = running();
    expect(await moveSlots(stepOf(0, 99), context)).toBe('done');
    expect(peers.started).toEqual(['0-99']);
    const moved = events.filter((event) => event.type === 'slot-moved');
    expect(moved).toHaveLength(100);
    expect(moved[3]).toMatchObject({ slot: 3, keys: 3 });
    expect(peers.requests.some((line) => /SETSLOT|MIGRATE /.test(line))).toBe(false);
    expect(await moveSlots(stepOf(0, 99), running().context)).toBe('already');
  });

  it('goes in portions', async () => {
    await start();
    expect(await moveSlots(stepOf(0, 1500), running().context)).toBe('done');
    expect(peers.started).toEqual(['0-1023', '1024-1500']);
  });

  it('waits for a migration that a run before has begun', async () => {
    await start();
    peers.begin('10-29');
    expect(await moveSlots(stepOf(20, 39), running().context)).toBe('done');
    expect(peers.started).toEqual(['10-29', '30-39']);
    expect([...peers.ownedBy('target')]).toEqual([...SlotSet.fromRanges([{ first: 10, last: 39 }])]);
  });

  it('tells why it failed, in the words of the server', async () => {
    await start();
    peers.fate = { state: 'failed', message: 'Connection lost to target' };
    await expect(moveSlots(stepOf(0, 9), running().context)).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('did not move slots 0-9: failed: Connection lost to target.'),
    });
    expect([...peers.ownedBy('target')]).toEqual([]);
  });

  it('passes on what the server says when it refuses', async () => {
    await start();
    peers.refusal = '-ERR Slots are being migrated by somebody else\r\n';
    await expect(moveSlots(stepOf(0, 9), running().context)).rejects.toThrow(
      'ERR Slots are being migrated by somebody else',
    );
  });

  it('is cancelled when the operator ends it, and what is left is told', async () => {
    await start();
    peers.fate = { state: 'endless', message: '' };
    const controller = new AbortController();
    const moving = moveSlots(stepOf(0, 9), running({}, controller.signal).context);
    await peers.untilStarted();
    controller.abort();
    expect(await moving).toMatchObject({ slots: [{ first: 0, last: 9 }] });
    expect(peers.cancelled).toBe(1);
    expect([...peers.ownedBy('target')]).toEqual([]);
  });

  it('counts a migration that was over before it could be cancelled', async () => {
    await start();
    peers.fate = { state: 'late', message: '' };
    const controller = new AbortController();
    const moving = moveSlots(stepOf(0, 9), running({}, controller.signal).context);
    await peers.untilStarted();
    controller.abort();
    expect(await moving).toBe('done');
    expect(peers.ownedBy('target').has(9)).toBe(true);
  });

  it('is not asked for when the operator wants MIGRATE, or what only MIGRATE can do', async () => {
    await start();
    for (const options of [{ engine: 'migrate' }, { replace: true }, { keysPerSecond: 5 }] as const) {
      // The peers know nothing of SETSLOT.
      await expect(moveSlots(stepOf(0, 9), running(options).context)).rejects.toThrow('SETSLOT');
    }
    expect(peers.started).toEqual([]);
  });

  it('is refused where a node does not offer it', async () => {
    await start();
    peers.offeredBy = ['source'];
    await expect(moveSlots(stepOf(0, 9), running({ engine: 'atomic' }).context)).rejects.toMatchObject({
      code: 'usage',
      message: `${peers.nameOf('target')} offers no atomic slot migration.`,
    });
    await expect(moveSlots(stepOf(0, 9), running({ engine: 'auto' }).context)).rejects.toThrow('SETSLOT');
  });
});
