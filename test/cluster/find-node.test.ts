import { describe, expect, it } from 'vitest';
import { findMaster, findNode } from '../../src/cluster/find-node.ts';
import { clusterOf, idOf, threeAndThree } from '../helpers/views.ts';

describe('finding a node', () => {
  const topology = clusterOf(threeAndThree);

  it.each([idOf(2), '0002', '0002AA', '127.0.0.1:7002', ':7002'])('finds it by %s', (word) => {
    expect(findNode(topology, word).id).toBe(idOf(2));
  });

  it('refuses what fits none, or more than one', () => {
    expect(() => findNode(topology, '127.0.0.1:9999')).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => findNode(topology, '000')).toThrow(/fits 6 nodes/);
    expect(() => findNode(topology, '')).toThrow(/No node/);
  });

  it('names the master where a replica was named', () => {
    expect(() => findMaster(topology, '0005')).toThrow(
      expect.objectContaining({ code: 'usage', hint: `Its master is ${idOf(2)} (127.0.0.1:7002).` }),
    );
    expect(findMaster(topology, '0003').id).toBe(idOf(3));
  });
});
