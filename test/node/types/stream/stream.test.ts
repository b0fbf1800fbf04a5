import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOf, streamType } from '../../../../src/node/types/stream/row.ts';
import { Stream } from '../../../../src/node/types/stream/stream.ts';
import { writeStreamNode } from '../../../../src/protocol/rdb/stream-nodes.ts';
import {
  compareIds,
  idText,
  MAX_ID,
  MIN_ID,
  nextId,
  type StreamId,
  toUint64,
} from '../../../../src/protocol/text/stream-id.ts';
import { digestOf, throughRdb, valueHost } from '../../../helpers/values.ts';

const host = valueHost({ 'stream-node-max-bytes': 150, 'stream-node-max-entries': 5 });

const id: fc.Arbitrary<StreamId> = fc.record({
  ms: fc.oneof(
    fc.nat(6),
    fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }).map(toUint64),
    fc.constant(2n ** 64n - 1n),
  ),
  seq: fc.oneof(fc.nat(3), fc.constant(2n ** 64n - 1n)),
});
const texts = fc.constantFrom(
  '',
  'a',
  'b',
  '1',
  '-300',
  '99999999999',
  '9223372036854775808',
  'x'.repeat(90),
);
const fields = fc.oneof(
  texts.map((value) => ['usual', value]),
  fc.array(fc.tuple(texts, texts), { minLength: 1, maxLength: 3 }).map((pairs) => pairs.flat()),
);
const names = fc.constantFrom('a', 'b', 'c');
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), steps: fc.nat(2), fields }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('jump' as const), id, fields }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), at: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('trim' as const),
      length: fc.nat(15),
      byId: fc.boolean(),
      approximate: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      at: fc.nat(20),
      group: names,
      consumer: names,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('acknowledge' as const), at: fc.nat(5), group: names }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), group: names, consumer: names }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rdb' as const, 'copy' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

interface ModelEntry {
  readonly id: StreamId;
  readonly fields: readonly string[];
}

/** A stream beside an array of entries, and its groups beside maps from ids to consumers. */
class Both {
  stream = new Stream(host);
  entries: ModelEntry[] = [];
  added = 0;
  readonly groups = new Map<string, Map<string, string>>();

  apply(op: Operation): void {
    switch (op.do) {
      case 'add': {
        let next = nextId(this.stream.lastId);
        for (let step = 0; step < op.steps; step++) next = next && nextId(next);
        if (next !== undefined) this.#add(next, op.fields);
        break;
      }
      case 'jump':
        if (compareIds(op.id, this.stream.lastId) > 0) this.#add(op.id, op.fields);
        break;
      case 'delete':
        this.#delete(this.entries[op.at]?.id ?? { ms: 3, seq: 77 });
        break;
      case 'trim':
        this.#trim(op.length, op.byId, op.approximate);
        break;
      case 'rdb':
      case 'copy':
        this.#replace(op.do);
        break;
      default:
        this.#groupOperation(op);
    }
  }

  #add(added: StreamId, fieldsOfEntry: readonly string[]): void {
    this.stream.add(added, fieldsOfEntry);
    this.entries.push({ id: added, fields: fieldsOfEntry });
    this.added++;
  }

  #delete(deleted: StreamId): void {
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => compareIds(entry.id, deleted) !== 0);
    expect(this.stream.delete(deleted)).toBe(this.entries.length < before);
    expect(this.stream.delete(deleted)).toBe(false);
  }

  #trim(length: number, byId: boolean, approximate: boolean): void {
    const { stream, entries } = this;
    const from = entries[Math.max(0, entries.length - length)]?.id ?? MIN_ID;
    const trimmed = stream.trim({ keep: byId ? { from } : { length }, approximate, limit: 0 });
    const wanted = byId ? entries.findIndex((entry) => entry.id === from) : entries.length - length;
    if (!approximate) expect(trimmed).toBe(Math.max(0, wanted));
    else expect(trimmed).toBeLessThanOrEqual(Math.max(0, wanted));
    this.entries = entries.slice(trimmed);
  }

  #replace(by: 'rdb' | 'copy'): void {
    const { stream } = this;
    const bytes = nodesOf(stream);
    this.stream = by === 'copy' ? stream.copy() : throughRdb(streamType, stream, host);
    expect(nodesOf(this.stream)).toEqual(bytes);
    expect(digestOf(streamType, this.stream)).toBe(digestOf(streamType, stream));
    expect([...streamType.rewrite('k', this.stream)]).toEqual([...streamType.rewrite('k', stream)]);
    // The one before is no part of the new one.
    for (const entry of this.entries) stream.delete(entry.id);
    for (const group of stream.groups.values())
      for (const pending of [...group.pending]) group.remove(pending);
  }

  #groupOperation(op: Extract<Operation, { group: string }>): void {
    const model = this.groups.get(op.group) ?? new Map<string, string>();
    this.groups.set(op.group, model);
    const group = this.stream.groups.get(op.group) ?? this.stream.addGroup(op.group, MIN_ID, undefined);
    if (op.do === 'deliver') {
      const entry = this.entries[op.at];
      if (entry === undefined) return;
      const consumer = group.consumers.get(op.consumer) ?? group.addConsumer(op.consumer, 5);
      group.deliver(entry.id, consumer, 7);
      model.set(idText(entry.id), op.consumer);
    } else if (op.do === 'acknowledge') {
      const pending = [...group.pending][op.at];
      if (pending === undefined) return;
      group.remove(pending);
      expect(model.delete(idText(pending.id))).toBe(true);
    } else {
      const consumer = group.consumers.get(op.consumer);
      if (consumer === undefined) return;
      group.removeConsumer(consumer);
      for (const [text, owner] of model) if (owner === op.consumer) model.delete(text);
    }
  }

  check(): void {
    const { stream, entries } = this;
    const found = Array.from(stream.entries(), (entry) => ({ id: entry.id, fields: fieldsOf(entry) }));
    expect(found).toEqual(entries);
    expect(Array.from(stream.entriesBack(), (entry) => entry.id)).toEqual(
      entries.map((entry) => entry.id).reverse(),
    );
    expect(stream.size).toBe(entries.length);
    expect(stream.firstId).toEqual(entries[0]?.id ?? MIN_ID);
    expect(stream.lastEntry?.id).toEqual(entries.at(-1)?.id);
    expect(stream.entriesAdded).toBe(this.added);
    const [start = MIN_ID, end = MAX_ID] = [entries[2]?.id, entries[6]?.id];
    const between = entries.slice(2, entries[6] === undefined ? undefined : 7).map((entry) => entry.id);
    if (entries.length > 2) {
      expect(Array.from(stream.entries(start, end), (entry) => entry.id)).toEqual(between);
      expect(Array.from(stream.entriesBack(start, end), (entry) => entry.id)).toEqual(between.reverse());
      expect(stream.find(start)?.id).toEqual(start);
    }
    for (const [name, model] of this.groups) {
      const group = stream.groups.get(name);
      const pending = [...(group?.pending ?? [])];
      expect(new Map(pending.map((each) => [idText(each.id), each.consumer.name]))).toEqual(model);
      expect(pending.map((each) => each.id)).toEqual(pending.map((each) => each.id).sort(compareIds));
      for (const consumer of group?.consumers.values() ?? [])
        expect([...consumer.pending]).toEqual(pending.filter((each) => each.consumer === consumer));
    }
  }
}

/** The nodes as bytes; what each believes to take is what it takes. */
function nodesOf(stream: Stream): string[] {
  return Array.from(stream.nodes(), (node) => {
    const bytes = writeStreamNode(node);
    expect(node.bytes).toBe(bytes.length);
    return bytes.toString('hex');
  });
}

describe('a stream', () => {
  it('does what an array of entries does', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const both = new Both();
        for (const op of operations) {
          both.apply(op);
          both.check();
        }
      }),
      { seed: 20_261, numRuns: 400 },
    );
  });

  it('is long, and pending entries are many, at little cost', () => {
    const large = valueHost({ 'stream-node-max-bytes': 4096, 'stream-node-max-entries': 100 });
    const stream = new Stream(large);
    const count = 200_000;
    for (let ms = 1; ms <= count; ms++) stream.add({ ms, seq: 0 }, ['field', 'value']);
    const group = stream.addGroup('g', MIN_ID, 0);
    const consumers = [group.addConsumer('a', 0), group.addConsumer('b', 0)] as const;
    for (const entry of stream.entries()) group.deliver(entry.id, consumers[0], 1);
    // From both ends, and from within.
    for (let ms = 1; ms <= count; ms++) {
      const pending = group.pending.find({ ms: ms % 2 === 0 ? ms : count - ms, seq: 0 });
      if (pending === undefined) throw new Error(`${ms} is not pending`);
      group.give(pending, consumers[1]);
      if (ms % 3 !== 0) group.remove(pending);
      else group.give(pending, consumers[0]);
    }
    expect([group.pending.size, consumers[0].pending.size, consumers[1].pending.size]).toEqual([
      Math.floor(count / 3),
      Math.floor(count / 3),
      0,
    ]);
    expect(stream.trim({ keep: { length: 10 }, approximate: false, limit: 0 })).toBe(count - 10);
    expect([stream.size, stream.nodeCount, stream.firstId.ms]).toEqual([10, 1, count - 9]);
  });
});
