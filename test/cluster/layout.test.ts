import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Layout,
  type LayoutNode,
  layOut,
  type Present,
  sharesZone,
  standTogether,
} from '../../src/cluster/layout.ts';

type Short = Partial<Omit<LayoutNode, 'address' | 'replicaOf'>> & {
  readonly host?: string;
  readonly of?: number;
};

/** Nodes on ports 1, 2, 3 ...; `of` is the port of the master. */
function layoutOf(nodes: readonly Short[], counts: Partial<Layout> = {}): Layout {
  const hostOf = (port: number): string => nodes[port - 1]?.host ?? `h${port}`;
  return {
    masters: undefined,
    replicas: undefined,
    ...counts,
    nodes: nodes.map(({ of, zone, role, weight = 1 }, index) => ({
      address: { host: hostOf(index + 1), port: index + 1 },
      zone,
      role: of === undefined ? role : 'replica',
      replicaOf: of === undefined ? undefined : { host: hostOf(of), port: of },
      weight,
    })),
  };
}

const nobody = (): undefined => undefined;
const shown = (layout: Layout, presentOf: (node: LayoutNode) => Present | undefined = nobody): string => {
  const { masters, replicas } = layOut(layout, presentOf);
  const pairs = replicas.map(({ node, master }) => `${node.address.port}<${master.address.port}`);
  return `${masters.map(({ address }) => address.port).join()} ${pairs.join(' ')}`.trim();
};

describe('a layout', () => {
  it('makes every node a master that is not said to be a replica', () => {
    expect(shown(layoutOf([{}, {}, { of: 1 }, { role: 'replica' }]))).toBe('1,2 3<1 4<2');
  });

  it('makes as many masters as it is told, or as the replicas leave', () => {
    expect(shown(layoutOf([{}, {}, {}, {}], { masters: 2 }))).toBe('1,2 3<1 4<2');
    expect(shown(layoutOf([{}, {}, {}, {}, {}, {}, {}], { replicas: 1 }))).toBe('1,2,3 4<1 5<2 6<3 7<1');
  });

  it('keeps masters in different zones and on different hosts, and replicas off those of their masters', () => {
    const zones: Short[] = [{ zone: 'a' }, { zone: 'a' }, { zone: 'b' }, { zone: 'b' }];
    expect(shown(layoutOf(zones, { replicas: 1 }))).toBe('1,3 2<3 4<1');
    const hosts: Short[] = [{ host: 'x' }, { host: 'x' }, { host: 'y' }, { host: 'y' }];
    expect(shown(layoutOf(hosts, { replicas: 1 }))).toBe('1,3 2<3 4<1');
  });

  it('tells of replicas that stand where their masters do', () => {
    const together = layoutOf([{ zone: 'a' }, { zone: 'a', of: 1 }, { host: 'x' }, { host: 'x', of: 3 }]);
    expect(standTogether(layOut(together, nobody))).toEqual([
      'h2:2 is in the zone of its master h1:1, a.',
      'x:4 is on the host of its master x:3.',
    ]);
  });

  it('leaves nodes what they are, after a failover too', () => {
    const layout = layoutOf([{}, {}, {}, {}], { replicas: 1 });
    const at = (port: number): LayoutNode | undefined => layout.nodes[port - 1];
    const now = new Map<number, Present>([
      [1, { role: 'replica', hasSlots: false, master: at(4) }],
      [2, { role: 'master', hasSlots: true, master: undefined }],
      [3, { role: 'replica', hasSlots: false, master: at(2) }],
      [4, { role: 'master', hasSlots: true, master: undefined }],
    ]);
    expect(shown(layout, ({ address }) => now.get(address.port))).toBe('2,4 1<4 3<2');
  });

  it.each<[string, Layout, string]>([
    [
      'more masters than nodes',
      layoutOf([{}, {}], { masters: 3 }),
      '3 masters are asked for, and only 2 of the nodes',
    ],
    [
      'fewer than it names',
      layoutOf([{ role: 'master' }, { role: 'master' }], { masters: 1 }),
      '2 nodes are said to be',
    ],
    [
      'too few nodes',
      layoutOf([{}, {}, {}], { masters: 2, replicas: 1 }),
      '2 masters with 1 replica each take 4 nodes',
    ],
    ['no master', layoutOf([{ role: 'replica' }]), 'No node is left to be a master.'],
    [
      'replicas where they were not wanted',
      layoutOf([{}, {}, { of: 1 }, { of: 1 }], { masters: 2, replicas: 1 }),
      'h2:2 would have 0 replicas, and 1 for each master is asked for',
    ],
  ])('is refused with %s', (_, layout, message) => {
    expect(() => layOut(layout, nobody)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });

  it('comes out even, off zones where that can be, and the same when it is laid out again', () => {
    const zonesOf = fc.integer({ min: 2, max: 5 }).chain((masters) =>
      fc.integer({ min: 1, max: 2 }).chain((replicas) =>
        fc
          .array(fc.constantFrom('a', 'b', 'c'), {
            minLength: masters * (replicas + 1),
            maxLength: masters * (replicas + 1) + 2,
          })
          .map((zones) =>
            layoutOf(
              zones.map((zone) => ({ zone })),
              { masters, replicas },
            ),
          ),
      ),
    );
    fc.assert(
      fc.property(zonesOf, (layout) => {
        const { masters, replicas } = layOut(layout, nobody);
        const counts = masters.map((master) => replicas.filter((place) => place.master === master).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(masters.length + replicas.length).toBe(layout.nodes.length);
        // No two replicas would both be better off with each other's master.
        for (const one of replicas) {
          for (const other of replicas) {
            const apart = [
              [one.node, one.master],
              [other.node, other.master],
            ] as const;
            const swapped = [
              [one.node, other.master],
              [other.node, one.master],
            ] as const;
            const bad = (pairs: typeof apart): number => pairs.filter(([a, b]) => sharesZone(a, b)).length;
            expect(bad(apart)).toBeLessThanOrEqual(bad(swapped));
          }
        }
        const again = layOut(layout, (node) => ({
          role: masters.includes(node) ? 'master' : 'replica',
          hasSlots: masters.includes(node),
          master: replicas.find((place) => place.node === node)?.master,
        }));
        expect(again).toEqual({ masters, replicas });
      }),
      { seed: 20_251_122, numRuns: 300 },
    );
  });
});
