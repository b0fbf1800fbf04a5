import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultClientOptions, NodeClient } from '../../src/client/node-client.ts';
import { readSnapshot } from '../../src/client/snapshot.ts';
import { systemClock } from '../../src/core/clock.ts';
import { type ScriptedServer, scriptedServer } from '../helpers/scripted-server.ts';

const mark = 'abcdefghij'.repeat(4);
const seed = 20_251_126;

let server: ScriptedServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** What comes of a node that answers SYNC with these pieces, one write each. */
async function received(
  pieces: readonly string[],
  after: 'end' | 'stay' = 'stay',
  options: { silenceMs?: number; signal?: AbortSignal } = {},
): Promise<string> {
  server ??= await scriptedServer((words, socket) => {
    if (words[0] === 'REPLCONF') return '+OK\r\n';
    void writeAll(socket, current.pieces).then(() => current.after === 'end' && socket.end());
    return undefined;
  });
  current = { pieces, after };
  const client = new NodeClient(server.address, defaultClientOptions, systemClock);
  const snapshot = await readSnapshot(client, { clock: systemClock, silenceMs: 5000, ...options });
  const chunks: Buffer[] = [];
  try {
    for await (const piece of snapshot.pieces) chunks.push(Buffer.from(piece));
  } finally {
    snapshot.close();
  }
  return Buffer.concat(chunks).toString('latin1');
}

let current: { pieces: readonly string[]; after: 'end' | 'stay' } = { pieces: [], after: 'stay' };

async function writeAll(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const inPieces = (text: string, cuts: readonly number[]): string[] => {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) => text.slice(start, [...places, text.length][index]));
};

describe('a snapshot', () => {
  it.each(['sized', 'marked'] as const)('that is %s comes whole, however it is cut', async (form) => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary-ascii', maxLength: 300 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        async (body, cuts) => {
          const framed =
            form === 'sized' ? `\n\n$${body.length}\r\n${body}` : `\n$EOF:${mark}\r\n${body}${mark}`;
          expect(await received(inPieces(framed, cuts))).toBe(body);
        },
      ),
      { seed, numRuns: 40 },
    );
  });

  it('may hold what looks like its mark', async () => {
    const body = `${mark.slice(0, 39)}x${mark.slice(1)}y`;
    expect(await received([`$EOF:${mark}\r\n${body}${mark}`])).toBe(body);
  });

  it('leaves what a node sends behind it', async () => {
    expect(await received(['$3\r\nabc*1\r\n$4\r\nPING\r\n'])).toBe('abc');
  });

  it.each<[string, string[], string]>([
    [
      'refused',
      ["-NOMASTERLINK Can't SYNC while not connected with my master\r\n"],
      'gave no snapshot: NOMASTERLINK',
    ],
    ['forbidden', ['-NOPERM this user has no permissions\r\n'], 'gave no snapshot: NOPERM'],
    ['something else', ['x'.repeat(5000)], 'no snapshot'],
    ['cut short by its length', ['$10\r\nabc'], 'before the snapshot was complete'],
    [
      'cut short of its mark',
      [`$EOF:${mark}\r\nabc${mark.slice(0, 30)}`],
      'before the snapshot was complete',
    ],
  ])('that is %s ends with one sentence', async (_, pieces, message) => {
    await expect(received(pieces, 'end')).rejects.toThrow(message);
  });

  it('of a node that falls silent is given up', async () => {
    await expect(received(['$10\r\nabc'], 'stay', { silenceMs: 50 })).rejects.toThrow(
      'nothing came for 50 ms',
    );
  });

  it('ends when the operator wants it', async () => {
    const ended = new AbortController();
    setTimeout(() => ended.abort(), 30);
    await expect(received(['$10\r\nabc'], 'stay', { signal: ended.signal })).rejects.toThrow('ended');
  });
});
