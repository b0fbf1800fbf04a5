import { describe, expect, it } from 'vitest';
import { parseTopologyFile } from '../../src/cli/topology-file.ts';

const parse = (text: string) => parseTopologyFile(text, 'cluster.yaml');

describe('a topology file', () => {
  it('is nodes, with roles, zones and weights where they matter', async () => {
    const text = `
# Two fixed masters, the rest as it fits.
masters: 2
replicas: 1
nodes:
  - address: 10.0.0.1:7000
    zone: a
    weight: 1.5
  - { address: 10.0.0.2:7000, role: master }
  - address: "[::1]:7000"
    replica-of: 10.0.0.1:7000
    zone: 2
  - db.example:7000
`;
    expect(await parse(text)).toEqual({
      masters: 2,
      replicas: 1,
      nodes: [
        {
          address: { host: '10.0.0.1', port: 7000 },
          zone: 'a',
          role: 'master',
          replicaOf: undefined,
          weight: 1.5,
        },
        {
          address: { host: '10.0.0.2', port: 7000 },
          zone: undefined,
          role: 'master',
          replicaOf: undefined,
          weight: 1,
        },
        {
          address: { host: '::1', port: 7000 },
          zone: '2',
          role: 'replica',
          replicaOf: { host: '10.0.0.1', port: 7000 },
          weight: 1,
        },
        {
          address: { host: 'db.example', port: 7000 },
          zone: undefined,
          role: undefined,
          replicaOf: undefined,
          weight: 1,
        },
      ],
    });
  });

  it('may be JSON, and may use anchors', async () => {
    expect((await parse('{"nodes": ["a:1", {"address": "b:2", "zone": "z"}]}')).nodes).toHaveLength(2);
    const anchored = await parse(
      'nodes:\n  - &first { address: "a:1", zone: z }\n  - { address: "b:2", zone: z }\n',
    );
    expect(anchored.nodes.map(({ zone }) => zone)).toEqual(['z', 'z']);
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'cluster.yaml, line 1: the file is empty.'],
    ['a list', '- a:1\n', 'line 1: the file is no mapping of fields.'],
    ['a syntax error', 'nodes:\n  - { address: a:1\n  - b:2\n', 'line 3: '],
    ['a tab', 'nodes:\n\t- a:1\n', 'line 2: '],
    ['a field twice', 'nodes: [a:1]\nnodes: [b:1]\n', 'line 2: Map keys must be unique.'],
    ['two documents', 'nodes: [a:1]\n---\nnodes: [b:1]\n', 'line 2: '],
    ['no nodes', 'masters: 3\n', 'line 1: nodes are missing.'],
    ['an empty list', 'masters: 1\nnodes: []\n', 'line 2: nodes is no list of nodes.'],
    ['an unknown field', 'nodes:\n  - a:1\nslots: 3\n', 'line 3: unknown field "slots".'],
    [
      'an unknown field of a node',
      'nodes:\n  - address: a:1\n    wieght: 3\n',
      'line 3: unknown field "wieght".',
    ],
    ['a node without an address', 'nodes:\n  - a:1\n  - zone: z\n', 'line 3: a node has no address.'],
    [
      'what is no address',
      'nodes:\n  - a:1\n  - nonsense\n',
      'line 3: "nonsense" is not an address of a node.',
    ],
    ['IPv6 without quotes', 'nodes:\n  - address: [::1]:7000\n', 'line 2: '],
    ['an address twice', 'nodes:\n  - a:1\n  - b:1\n  - address: a:1\n', 'line 4: a:1 is there twice.'],
    [
      'a replica of nobody',
      'nodes:\n  - a:1\n  - address: b:1\n    replica-of: c:1\n',
      'line 4: b:1 is a replica of c:1, which is not among the nodes.',
    ],
    [
      'a replica of a replica',
      'nodes:\n  - a:1\n  - { address: b:1, replica-of: a:1 }\n  - { address: c:1, replica-of: b:1 }\n',
      'line 4: c:1 is a replica of b:1, which is a replica itself.',
    ],
    [
      'a replica of itself',
      'nodes:\n  - a:1\n  - { address: b:1, replica-of: b:1 }\n',
      'line 3: b:1 is a replica of b:1, which is a replica itself.',
    ],
    [
      'a master that is a replica',
      'nodes:\n  - a:1\n  - { address: b:1, role: master, replica-of: a:1 }\n',
      'line 3: b:1 cannot be a master and a replica.',
    ],
    [
      'a weight of a replica',
      'nodes:\n  - { address: b:1, role: replica, weight: 1 }\n',
      'only masters have a weight.',
    ],
    [
      'a weight that is none',
      'nodes:\n  - { address: b:1, weight: much }\n',
      'line 2: weight is a number, 0 or more, not "much".',
    ],
    [
      'a negative weight',
      'nodes:\n  - { address: b:1, weight: -1 }\n',
      'line 2: weight is a number, 0 or more, not -1.',
    ],
    [
      'a role that is none',
      'nodes:\n  - { address: b:1, role: boss }\n',
      'line 2: role is master or replica, not "boss".',
    ],
    [
      'a number that is none',
      'replicas: many\nnodes: [a:1]\n',
      'line 1: replicas is a whole number, 0 or more.',
    ],
    ['no masters', 'nodes: [a:1]\nmasters: 0\n', 'line 2: masters is a whole number, 1 or more.'],
    [
      'numbers that do not come out',
      'nodes: [a:1, b:1]\nmasters: 3\n',
      'line 2: 3 masters are asked for, and only 2',
    ],
  ])('is refused with %s, by its line', async (_, text, message) => {
    await expect(parse(text)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });
});
