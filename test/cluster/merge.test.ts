import { describe, expect, it } from 'vitest';
import { knownAddresses } from '../../src/cluster/merge.ts';
import { nodeById, slotOwners } from '../../src/cluster/topology.ts';
import { clusterOf, idOf, threeAndThree, threeMasters, topologyOf, viewOf } from '../helpers/views.ts';

describe('one picture of many views', () => {
  it('has the seed first, then the order of its CLUSTER NODES', () => {
    const views = [3, 1, 2].map((number) => viewOf(number, threeMasters));
    expect(topologyOf(views).nodes.map(({ id }) => id)).toEqual([3, 1, 2].map(idOf));
  });

  it('believes a node about itself: role, slots, epoch, open slots', () => {
    const stale = viewOf(1, threeMasters);
    const own = viewOf(2, [
      { number: 1, slots: '0-5460' },
      { number: 2, slots: `5461-10921 [10922->-${idOf(3)}]`, epoch: 7 },
      { number: 3, slots: '10922-16383' },
    ]);
    const node = nodeById(topologyOf([stale, own]), idOf(2));
    expect(node).toMatchObject({
      slotCount: 5461,
      configEpoch: 7,
      migrating: [{ slot: 10922, nodeId: idOf(3) }],
    });
  });

  it('keeps a silent node, as others see it, with the reason', () => {
    const seen = viewOf(1, threeMasters);
    const silence = { address: { host: '127.0.0.1', port: 7002 }, reason: 'Cannot connect.' };
    const topology = topologyOf([seen], [silence]);
    expect(nodeById(topology, idOf(2))).toMatchObject({
      silence: 'Cannot connect.',
      slotCount: 5462,
      view: undefined,
    });
  });

  it('leaves handshakes out, and nodes without an address cannot be asked', () => {
    const seen = viewOf(1, [
      ...threeMasters,
      { number: 8, flags: 'handshake' },
      { number: 9, flags: 'noaddr' },
    ]);
    expect(topologyOf([seen]).nodes.map(({ id }) => id)).not.toContain(idOf(8));
    expect([...knownAddresses([seen]).keys()]).toEqual([1, 2, 3].map(idOf));
  });

  it('gives a slot that two masters claim to the higher epoch', () => {
    const first = viewOf(1, [{ number: 1, slots: '0-10', epoch: 5 }, { number: 2 }]);
    const second = viewOf(2, [{ number: 1 }, { number: 2, slots: '10-20', epoch: 6 }]);
    const owners = slotOwners(topologyOf([first, second]));
    expect([9, 10, 11, 21].map((slot) => owners[slot]?.id)).toEqual([idOf(1), idOf(2), idOf(2), undefined]);
  });

  it('knows who replicates whom', () => {
    const topology = clusterOf(threeAndThree);
    expect(nodeById(topology, idOf(5))).toMatchObject({ role: 'replica', masterId: idOf(2) });
  });
});
