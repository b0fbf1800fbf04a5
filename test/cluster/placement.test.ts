import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideSlots, type Placeable, placeNodes } from '../../src/cluster/placement.ts';
import { seededRandom } from '../../src/core/random.ts';

/** One node a letter: nodes of the same letter share a host. */
function nodesOn(hosts: string): Placeable[] {
  return [...hosts].map((host, index) => ({ id: `n${index}`, address: { host, port: 7000 + index } }));
}

const placed = (hosts: string, replicas: number) => placeNodes(nodesOn(hosts), replicas, seededRandom(1));

describe('dividing slots', () => {
  // As printed by redis-cli 7.0.15 --cluster create.
  it.each([
    [3, ['0-5460', '5461-10922', '10923-16383']],
    [5, ['0-3276', '3277-6553', '6554-9829', '9830-13106', '13107-16383']],
    [7, ['0-2340', '2341-4680', '4681-7021', '7022-9361', '9362-11702', '11703-14042', '14043-16383']],
  ])('gives %i masters what redis-cli gives them', (count, expected) => {
    expect(divideSlots(count).map(({ first, last }) => `${first}-${last}`)).toEqual(expected);
  });

  it('covers every slot once, in shares that differ by one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (count) => {
        const ranges = divideSlots(count);
        expect(ranges[0]?.first).toBe(0);
        expect(ranges.at(-1)?.last).toBe(16383);
        for (const [index, { first }] of ranges.entries()) {
          if (index > 0) expect(first).toBe((ranges[index - 1]?.last ?? 0) + 1);
        }
        const sizes = ranges.map(({ first, last }) => last - first + 1);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('placing nodes', () => {
  it("is redis-cli's layout on one host", () => {
    const { masters, replicas, antiAffinity } = placed('aaaaaa', 1);
    expect(masters.map(({ node }) => node.id)).toEqual(['n0', 'n1', 'n2']);
    expect(replicas.map(({ node, master }) => `${node.id}>${master.id}`)).toEqual([
      'n4>n0',
      'n5>n1',
      'n3>n2',
    ]);
    expect(antiAffinity).toBe('replica-with-master');
  });

  it('takes masters from all hosts, and puts replicas on others than their masters', () => {
    const { masters, replicas, antiAffinity } = placed('aabbcc', 1);
    expect(new Set(masters.map(({ node }) => node.address.host)).size).toBe(3);
    for (const { node, master } of replicas) expect(node.address.host).not.toBe(master.address.host);
    expect(antiAffinity).toBe('perfect');
  });

  it('spreads the replicas of one master', () => {
    const { replicas, antiAffinity } = placed('aaabbbccc', 2);
    for (const master of ['n0', 'n3', 'n6']) {
      const hosts = replicas
        .filter((place) => place.master.id === master)
        .map(({ node }) => node.address.host);
      expect(new Set(hosts).size).toBe(2);
    }
    expect(antiAffinity).toBe('perfect');
  });

  it('gives left-over nodes to masters by turns', () => {
    const { replicas } = placed('aaaaaaaa', 1);
    expect(replicas).toHaveLength(4);
    const perMaster = ['n0', 'n1', 'n2', 'n3'].map(
      (id) => replicas.filter(({ master }) => master.id === id).length,
    );
    expect(perMaster).toEqual([1, 1, 1, 1]);
    expect(placed('aaaaaaa', 1).replicas.filter(({ master }) => master.id === 'n0')).toHaveLength(2);
  });

  it('is never worse than it need be, uses every node once, and keeps the number of replicas', () => {
    const hosts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 6, maxLength: 24 });
    fc.assert(
      fc.property(hosts, fc.integer({ min: 0, max: 2 }), fc.integer(), (letters, replicas, seed) => {
        const nodes = nodesOn(letters.join(''));
        const count = Math.floor(nodes.length / (replicas + 1));
        if (count < 3) return;
        const result = placeNodes(nodes, replicas, seededRandom(seed));
        const used = [
          ...result.masters.map(({ node }) => node.id),
          ...result.replicas.map(({ node }) => node.id),
        ];
        expect(used.sort()).toEqual(nodes.map(({ id }) => id).sort());
        for (const { node } of result.masters) {
          const own = result.replicas.filter(({ master }) => master.id === node.id).length;
          expect(own).toBeGreaterThanOrEqual(replicas);
        }
      }),
      { numRuns: 50 },
    );
  });
});
