import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../src/core/random.ts';
import { ConfigStore } from '../../../src/node/config/store.ts';
import type { Database } from '../../../src/node/parts/keyspace.ts';
import { RdbEncoder } from '../../../src/node/persistence/rdb-encoder.ts';
import { Snapshot } from '../../../src/node/persistence/snapshot.ts';
import { List } from '../../../src/node/types/list/list.ts';
import { typeOf } from '../../../src/node/types/types.ts';
import type { RdbSource, RdbValue } from '../../../src/protocol/rdb/objects.ts';
import { RdbReader } from '../../../src/protocol/rdb/reader.ts';
import { testKeyspace } from '../../helpers/keyspace.ts';

function encoderOf(databases: readonly Database[]): RdbEncoder {
  return new RdbEncoder({ config: new ConfigStore(), databases, nowMs: 1, functionCodes: [] });
}

let lastNumber = 0;

function snapshotOf(databases: readonly Database[]): Snapshot {
  return new Snapshot(++lastNumber, databases, encoderOf(databases));
}

/** "db key" to "value expiry". */
function contentsOf(databases: readonly Database[]): Map<string, string> {
  const contents = new Map<string, string>();
  for (const database of databases)
    for (const { key, value, expireAtMs } of database.entries())
      contents.set(`${database.index} ${key}`, `${shown(typeOf(value).toRdb(value))} ${expireAtMs}`);
  return contents;
}

/** A string or a list, as text. */
function shown(value: RdbSource | RdbValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (value.type !== 'list') throw new Error(`a ${value.type} is not expected`);
  return `list ${[...value.elements].join(',')}`;
}

function readAll(pieces: readonly Buffer[]): Map<string, string> {
  const contents = new Map<string, string>();
  const reader = new RdbReader(
    {
      aux() {},
      functionLibrary() {},
      entry({ db, key, value, expireAtMs }) {
        if (contents.has(`${db} ${key}`)) throw new Error(`key ${key} of database ${db} is there twice`);
        contents.set(`${db} ${key}`, `${shown(value)} ${expireAtMs}`);
      },
    },
    { checksum: true, databases: 16 },
  );
  for (const piece of pieces) reader.feed(piece);
  reader.end();
  return contents;
}

const noiseRandom = seededRandom(1);
const noise = Buffer.from(Array.from({ length: 20_000 }, () => noiseRandom.below(256))).toString('latin1');

/** Incompressible, so that a few of them make a piece. */
function largeText(random: Random): string {
  const start = random.below(10_000);
  return noise.slice(start, start + 500 + random.below(8000));
}

/** In place, as commands do it. */
function changeList(db: Database, random: Random): void {
  const key = `list${random.below(40)}`;
  const entry = db.peek(key);
  if (entry === undefined) {
    const list = new List();
    list.pushTail(largeText(random));
    db.add(key, list);
    return;
  }
  if (random.below(6) === 0) {
    const other = `list${random.below(40)}`;
    if (other !== key) db.moveTo(key, db, other);
    return;
  }
  const list = entry.value as List;
  db.willChange(entry);
  if (list.size > 5) list.popHead();
  else list.pushTail(largeText(random));
  db.changed(key);
}

/** Any change that a database knows. */
function change(keyspace: ReturnType<typeof testKeyspace>, random: Random): void {
  const { databases, clock } = keyspace;
  const db = databases[random.below(databases.length)] as (typeof databases)[number];
  const other = databases[random.below(databases.length)] as (typeof databases)[number];
  const key = `key${random.below(120)}`;
  const exists = db.peek(key) !== undefined;
  const kind = random.below(45);
  if (kind < 12)
    db.set(key, largeText(random), random.below(3) === 0 ? clock.nowMs() + 1 + random.below(50) : -1);
  else if (kind < 16) db.delete(key);
  else if (kind > 36) changeList(db, random);
  else if (kind < 20 && exists)
    db.setExpire(key, random.below(2) === 0 ? -1 : clock.nowMs() + random.below(100));
  else if (kind < 27 && exists) {
    db.editString(key).writeAt(random.below(600), `edited ${random.below(1000)}`);
    db.changed(key);
  } else if (kind < 30 && exists) db.replaceValue(key, largeText(random));
  else if (kind < 33 && exists) db.moveTo(key, other, `key${random.below(120)}`);
  else if (kind === 33 && random.below(15) === 0) db.clear();
  else if (kind === 34 && random.below(5) === 0 && db !== other) db.swap(other);
  else if (kind === 35) clock.advance(random.below(30));
  else if (kind === 36) keyspace.activeExpiry.cycle();
}

describe('a snapshot', () => {
  it.each([[false], [true]])(
    'has the data of its moment, whatever changes while it is written (slots: %s)',
    (slotted) => {
      fc.assert(
        fc.property(fc.nat(), fc.nat(100), fc.nat(30), (seed, before, between) => {
          const random = seededRandom(seed);
          const keyspace = testKeyspace({ databases: slotted ? 1 : 3, slotted, seed });
          for (let i = 0; i < 150; i++)
            keyspace.databases[i % keyspace.databases.length]?.set(
              `key${random.below(120)}`,
              largeText(random),
            );
          for (let i = 0; i < before; i++) change(keyspace, random);
          const expected = contentsOf(keyspace.databases);
          const snapshot = snapshotOf(keyspace.databases);
          const pieces: Buffer[] = [];
          for (const piece of snapshot.pieces()) {
            pieces.push(Buffer.from(piece));
            for (let i = random.below(between + 1); i > 0; i--) change(keyspace, random);
          }
          expect(readAll(pieces)).toEqual(expected);
          expect(keyspace.databases.every((database) => database.snapshot === undefined)).toBe(true);
        }),
        { numRuns: 40 },
      );
    },
  );

  it('can be let go half written, and the next one has everything', () => {
    const keyspace = testKeyspace();
    const random = seededRandom(3);
    for (let i = 0; i < 100; i++) keyspace.db.set(`key${i}`, largeText(random));
    const first = snapshotOf(keyspace.databases);
    expect(() => snapshotOf(keyspace.databases)).toThrow('another snapshot');
    first.pieces().next();
    first.release();
    keyspace.db.set('key5', 'new');
    const second = snapshotOf(keyspace.databases);
    expect(readAll([...second.pieces()])).toEqual(contentsOf(keyspace.databases));
  });

  it('goes on with what a database held when another data set takes its place', () => {
    const keyspace = testKeyspace();
    const random = seededRandom(4);
    for (let i = 0; i < 100; i++) keyspace.db.set(`key${i}`, largeText(random));
    const expected = contentsOf(keyspace.databases);
    const pieces = snapshotOf(keyspace.databases).pieces();
    const written = [pieces.next().value as Buffer];
    const temporary = keyspace.db.makeTemporary();
    for (let i = 0; i < 100; i++) temporary.set(`other${i}`, 'of another moment');
    keyspace.db.replaceBy(temporary);
    keyspace.db.set('other5', 'changed');
    keyspace.db.delete('other6');
    written.push(...pieces);
    expect(readAll(written)).toEqual(expected);
    expect([...snapshotOf(keyspace.databases).pieces()].length).toBeGreaterThan(0);
  });

  it('does not stand in the way of what a hash table has to move', () => {
    const keyspace = testKeyspace();
    for (let i = 0; i < 1000; i++) keyspace.db.set(`key${i}`, 'x');
    const snapshot = snapshotOf(keyspace.databases);
    const pieces = snapshot.pieces();
    pieces.next();
    for (let i = 1000; i < 20_000; i++) keyspace.db.set(`key${i}`, 'y');
    for (let i = 0; i < 19_000; i++) keyspace.db.delete(`key${i}`);
    snapshot.release();
    for (let i = 0; i < 20_000; i++) keyspace.db.set(`key${i}`, 'z');
    expect(keyspace.db.size).toBe(20_000);
    expect([...contentsOf(keyspace.databases).values()].every((value) => value === 'z -1')).toBe(true);
  });
});
