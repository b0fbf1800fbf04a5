import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommandRow } from '../../../../src/node/command/row.ts';
import { bitmapRows } from '../../../../src/node/commands/bitmap/index.ts';
import { stringRows } from '../../../../src/node/commands/string/index.ts';
import type { Context } from '../../../../src/node/dispatch/context.ts';
import { bulk, integer } from '../../../../src/protocol/resp/encode.ts';
import { testKeyspace } from '../../../helpers/keyspace.ts';

const rows = new Map([...stringRows, ...bitmapRows].map((row) => [row.name, row]));

/** Runs a command on a database of its own, as the dispatcher would. */
function runner(): (...argv: string[]) => string {
  const { db, clock } = testKeyspace();
  const config = { number: () => 512 * 1024 * 1024, flag: () => false };
  return (...argv) => {
    const row = rows.get(argv[0] ?? '') as CommandRow;
    const context = {
      node: { config, replication: { role: 'master', loading: false } },
      client: { kind: 'normal' },
      db,
      row,
      resp: 2,
      nowMs: clock.nowMs(),
      propagateAs: () => undefined,
    } as unknown as Context;
    return row.handler?.(context, argv) as string;
  };
}

/** The bytes of a key, changed in the plainest way. */
class Model {
  #bytes: number[] = [];

  get text(): string {
    return Buffer.from(this.#bytes).toString('latin1');
  }

  get bits(): string {
    return this.#bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  }

  set(text: string): void {
    this.#bytes = [...Buffer.from(text, 'latin1')];
  }

  write(offset: number, text: string): void {
    while (this.#bytes.length < offset + text.length) this.#bytes.push(0);
    this.#bytes.splice(offset, text.length, ...Buffer.from(text, 'latin1'));
  }

  setBit(offset: number, bit: string): void {
    const bits = this.bits.padEnd((Math.floor(offset / 8) + 1) * 8, '0');
    const changed = bits.slice(0, offset) + bit + bits.slice(offset + 1);
    this.#bytes = (changed.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  }
}

describe('strings against a plain model', () => {
  it('are the same after any sequence of changes, short and long', () => {
    const text = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    // Around the length from which on strings are changed in place.
    const offset = fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 980, max: 1060 }), fc.nat({ max: 3000 }));
    const operation = fc.oneof(
      fc.record({ do: fc.constant('set' as const), text }),
      fc.record({ do: fc.constant('append' as const), text }),
      fc.record({ do: fc.constant('setrange' as const), offset, text }),
      fc.record({ do: fc.constant('setbit' as const), offset, bit: fc.constantFrom('0', '1') }),
      fc.record({ do: fc.constant('getrange' as const), offset, text }),
    );
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 30 }), (operations) => {
        const run = runner();
        const model = new Model();
        for (const op of operations) {
          if (op.do === 'set') {
            run('set', 'k', op.text);
            model.set(op.text);
          } else if (op.do === 'append') {
            model.write(model.text.length, op.text);
            expect(run('append', 'k', op.text)).toBe(integer(model.text.length));
          } else if (op.do === 'setrange') {
            if (op.text !== '') model.write(op.offset, op.text);
            expect(run('setrange', 'k', String(op.offset), op.text)).toBe(integer(model.text.length));
          } else if (op.do === 'setbit') {
            const before = model.bits[op.offset] ?? '0';
            model.setBit(op.offset, op.bit);
            expect(run('setbit', 'k', String(op.offset), op.bit)).toBe(`:${before}\r\n`);
          } else {
            const end = op.offset + op.text.length;
            const part = model.text.slice(op.offset, end + 1);
            expect(run('getrange', 'k', String(op.offset), String(end))).toBe(bulk(part));
          }
          expect(run('strlen', 'k')).toBe(integer(model.text.length));
        }
        if (model.text !== '') expect(run('get', 'k')).toBe(bulk(model.text));
        expect(run('bitcount', 'k')).toBe(integer(model.bits.replaceAll('0', '').length));
      }),
      { numRuns: 300 },
    );
  });

  it('count as numbers do, to the ends of 64 bits', () => {
    const amount = fc.oneof(
      fc.integer(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(2n ** 53n - 1n, -(2n ** 53n), 1n),
    );
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 20 }), (amounts) => {
        const run = runner();
        let total = 0n;
        for (const by of amounts) {
          const next = total + BigInt(by);
          const fits = BigInt.asIntN(64, next) === next;
          const reply = run('incrby', 'k', String(by));
          if (fits) total = next;
          expect(reply).toBe(fits ? `:${total}\r\n` : '-ERR increment or decrement would overflow\r\n');
          expect(run('get', 'k')).toBe(bulk(String(total)));
        }
      }),
    );
  });
});
