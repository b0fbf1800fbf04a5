import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset, makeDataset } from '../helpers/dataset.ts';
import { expectNoErrors, expectNothingLost } from '../helpers/intact.ts';
import { type LiveCluster, slotCountsOf, slotsOf, startCluster } from '../helpers/live-cluster.ts';
import { goOnWords, type Ran, redisCli, run, signalled, trib, tribScript } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';

const seed = 20_251_120;
const planned = (text: string): string[] => text.split('\n').filter((line) => /^ {4}Moving slot/.test(line));

describe.skipIf(skipWithoutRedisServer)(`trib reshard${redisServerNote}`, () => {
  let live: LiveCluster;
  let first: string;
  const dataset = makeDataset(20_000, seed, Date.now());
  beforeAll(async () => {
    live = await startCluster(4);
    first = live.addresses[0] ?? '';
    await loadDataset(live.ports[0] ?? 0, dataset);
  });
  afterAll(() => live?.stop());

  const expectAllWell = async (): Promise<void> => {
    await expectNothingLost(live.ports[0] ?? 0, dataset, 2000);
    await expectNoErrors(live.ports[0] ?? 0);
  };
  const countsOf = (): Promise<number[]> => slotCountsOf(live);
  /** Sent when trib has moved some slots. */
  const interrupted = (words: readonly string[], signal: NodeJS.Signals): Promise<Ran> =>
    signalled(words, signal, (stdout) => stdout.includes('\nMoving slot'));

  it.each([1, 7, 100, 1000, 4095])('plans to move the %i slots that redis-cli would', async (slots) => {
    const ends = ['--cluster-from', 'all', '--cluster-to', live.idOf(2), '--cluster-slots', String(slots)];
    const theirs = await redisCli(['--cluster', 'reshard', first, ...ends], { input: 'no\n' });
    const ours = await trib([
      'reshard',
      first,
      '--from',
      'all',
      '--to',
      live.idOf(2),
      '--slots',
      String(slots),
      '--dry-run',
    ]);
    expect(ours.code).toBe(0);
    // Sources with as many slots come in the order of CLUSTER NODES, which redis-cli and trib both follow.
    expect(planned(ours.stdout)).toEqual(planned(theirs.stdout));
  });

  it('moves slots with their keys, in the lines of redis-cli', async () => {
    const moved = await trib([
      'reshard',
      first,
      '--from',
      live.idOf(0),
      '--to',
      live.idOf(3).slice(0, 12),
      '--slots',
      '3',
      '--yes',
    ]);
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    const lines = live.normalise(moved.stdout).split('\n');
    // Empty slots first, and each as it is done.
    const told = lines.filter((line) => line.startsWith('Moving slot')).sort();
    await expect(
      [...lines.filter((line) => !line.startsWith('Moving slot')), ...told].join('\n'),
    ).toMatchFileSnapshot('../transcripts/reshard.txt');
    expect(await slotsOf(live, 3)).toBe('0-2 12288-16383');
    await expectAllWell();
  });

  it('reads what is missing from a pipe, in the order of redis-cli', async () => {
    const input = `5\n${live.idOf(1)}\n${live.idOf(0)}\n${live.idOf(3)}\ndone\nyes\n`;
    const moved = await trib(['reshard', first], { input });
    expect(moved.stdout).toContain('How many slots do you want to move (from 1 to 16384)? ');
    expect(moved.stdout).toContain('What is the receiving node ID? ');
    expect(moved.stdout).toContain("  Type 'all' to use all the nodes as source nodes for the hash slots.");
    expect(moved.stdout).toContain('Source node #3: ');
    expect(moved.stdout).toContain('Do you want to proceed with the proposed reshard plan (yes/no)? ');
    expect([moved.code, moved.stdout.match(/^Moving slot/gm)?.length]).toEqual([0, 5]);
  });

  it.each<[string, string[], string, number, string]>([
    ['nobody to ask', [], '', 2, '--slots is missing, and there is nobody to ask.'],
    ['no approval', ['--from', 'all', '--to', ':TO', '--slots', '3'], '', 2, '--yes is missing'],
    ['a no', ['--from', 'all', '--to', ':TO', '--slots', '3'], 'no\n', 1, ''],
    [
      'an unknown node',
      ['--from', 'all', '--to', 'ffffffff', '--slots', '3'],
      '',
      2,
      'No node of the cluster fits',
    ],
    [
      'the target as source',
      ['--from', ':TO', '--to', ':TO', '--slots', '3'],
      '',
      2,
      'not possible to use the target node',
    ],
    [
      'a number that is none',
      ['--slots', 'many'],
      '',
      2,
      '--slots takes a whole number from 1 to 16384, not "many".',
    ],
    ['too many slots', ['--slots', '16385'], '', 2, '--slots takes a whole number'],
  ])('changes nothing with %s', async (_, words, input, code, message) => {
    const before = await countsOf();
    const target = `:${live.ports[2]}`;
    const refused = await trib(['reshard', first, ...words.map((word) => (word === ':TO' ? target : word))], {
      input,
    });
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(await countsOf()).toEqual(before);
  });

  it('tells what happens as data', async () => {
    const words = ['reshard', first, '--from', live.idOf(1), '--to', live.idOf(0), '--slots', '20', '--yes'];
    const events = (await trib([...words, '--events'])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(new Set(events.map(({ v }) => v))).toEqual(new Set([1]));
    expect(events.filter(({ type }) => type === 'slot-moved')).toHaveLength(20);
    expect(events.at(-1)).toMatchObject({ type: 'finished', ok: true, slots: 20 });
    const json = JSON.parse((await trib([...words, '--json'])).stdout);
    expect(json).toMatchObject({ ok: true, operation: 'reshard', outcome: 'done', slots: 20 });
    await expectAllWell();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'finishes what is in hand on %s, and tells the command that goes on',
    async (signal) => {
      const before = await countsOf();
      const ended = await interrupted(
        [
          'reshard',
          first,
          '--from',
          live.idOf(1),
          '--to',
          live.idOf(0),
          '--slots',
          '3000',
          '--yes',
          '--pipeline',
          '1',
        ],
        signal,
      );
      expect(ended.code).toBe(signal === 'SIGINT' ? 130 : 143);
      const moved = Number(/Ended: (\d+) slots were moved, (\d+) are left\./.exec(ended.stderr)?.[1]);
      const after = await countsOf();
      expect(after[0]).toBe((before[0] ?? 0) + moved);
      expect(moved).toBeLessThan(3000);
      await expectAllWell();
      const words = goOnWords(ended);
      expect(words.join(' ')).toMatch(/^resume 127\.0\.0\.1:\d+ --yes$/);
      const rest = await trib(words);
      expect([rest.code, rest.stderr]).toEqual([0, '']);
      expect((await countsOf())[0]).toBe((before[0] ?? 0) + 3000);
      await expectAllWell();
      const back = await trib([
        'reshard',
        first,
        '--from',
        live.idOf(0),
        '--to',
        live.idOf(1),
        '--slots',
        '3000',
        '--yes',
      ]);
      expect(back.code).toBe(0);
    },
  );

  it('goes on after kill -9 by applying its plan file, and refuses the plan when it has become stale', async () => {
    const file = join(live.dirOf(0), 'plan.json');
    const before = await countsOf();
    const killed = await interrupted(
      [
        'reshard',
        first,
        '--from',
        live.idOf(1),
        '--to',
        live.idOf(0),
        '--slots',
        '2500',
        '--yes',
        '--pipeline',
        '1',
        '--plan',
        file,
      ],
      'SIGKILL',
    );
    expect(killed.code).toBe(null);
    expect((await countsOf())[0]).toBeLessThan((before[0] ?? 0) + 2500);
    expect(await readFile(file, 'utf8')).toContain('"format": "trib-plan"');
    const applied = await trib(['apply', file, '--yes']);
    expect([applied.code, applied.stderr]).toEqual([0, '']);
    expect((await countsOf())[0]).toBe((before[0] ?? 0) + 2500);
    await expectAllWell();
    const again = await trib(['apply', file, '--yes']);
    expect([again.code, again.stdout.match(/^Moving slot/gm)]).toEqual([0, null]);

    const elsewhere = await trib([
      'reshard',
      first,
      '--from',
      live.idOf(0),
      '--to',
      live.idOf(2),
      '--slots',
      '4096',
      '--yes',
    ]);
    expect(elsewhere.code).toBe(0);
    const now = await countsOf();
    const stale = await trib(['apply', file, '--yes']);
    expect([stale.code, stale.stderr]).toEqual([
      5,
      expect.stringContaining('The plan does not fit the cluster any more'),
    ]);
    expect(await countsOf()).toEqual(now);
  });

  it('goes on after kill -9 by trib resume, which needs no plan file', async () => {
    const before = await countsOf();
    const words = [
      'reshard',
      first,
      '--from',
      live.idOf(2),
      '--to',
      live.idOf(3),
      '--slots',
      '2000',
      '--yes',
    ];
    await interrupted([...words, '--pipeline', '1'], 'SIGKILL');
    const rest = await trib(['resume', first, '--yes', '--json']);
    expect([rest.code, rest.stderr]).toEqual([0, '']);
    expect(JSON.parse(rest.stdout)).toMatchObject({ ok: true, operation: 'reshard', outcome: 'done' });
    expect((await countsOf())[3]).toBe((before[3] ?? 0) + 2000);
    await expectAllWell();
  });

  it('brings back what redis-cli has just moved away, again and again, with every key', async () => {
    const [from, to] = [live.idOf(1), live.idOf(2)];
    for (let round = 0; round < 8; round++) {
      const ends = ['--cluster-from', from, '--cluster-to', to, '--cluster-slots', '200', '--cluster-yes'];
      expect((await redisCli(['--cluster', 'reshard', first, ...ends])).code).toBe(0);
      const back = await trib(['reshard', first, '--from', to, '--to', from, '--slots', '200', '--yes']);
      expect([back.code, back.stderr]).toEqual([0, '']);
    }
    await expectAllWell();
  });
});

describe('the terminal', () => {
  it('gets no colour and no spinner through a pipe', async () => {
    const shown = await run(process.execPath, [tribScript, 'check', '127.0.0.1:1'], {
      env: { FORCE_COLOR: '' },
    });
    expect(shown.stdout + shown.stderr).not.toContain('\u001b');
  });
});
