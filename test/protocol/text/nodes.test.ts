import { describe, expect, it } from 'vitest';
import {
  formatNodeLine,
  NodesTextError,
  parseNodeLine,
  parseNodes,
} from '../../../src/protocol/text/nodes.ts';

const id = (digit: string): string => digit.repeat(40);

// Lines as redis-server 7.0.15 writes them.
const lines = [
  `${id('a')} 127.0.0.1:7000@17000 myself,master - 0 1700000000000 1 connected 0-5460 5462 [5461->-${id('b')}] [9000-<-${id('c')}]`,
  `${id('b')} 127.0.0.1:7001@17001,host-1.example master - 0 1700000000123 2 connected 5463-10922`,
  `${id('c')} ::1:7002@17002 slave ${id('a')} 1700000000001 1700000000000 1 disconnected`,
  `${id('d')} :0@0 master,fail,noaddr - 0 0 0 disconnected`,
  `${id('e')} 10.0.0.1:1@2 noflags - 0 0 0 connected`,
];

describe('the text of CLUSTER NODES', () => {
  it('is read', () => {
    const [first, second, third, fourth] = parseNodes(`${lines.join('\n')}\n`);
    expect(first).toEqual({
      id: id('a'),
      ip: '127.0.0.1',
      port: 7000,
      busPort: 17000,
      hostname: '',
      flags: ['myself', 'master'],
      masterId: undefined,
      pingSentMs: 0,
      pongReceivedMs: 1700000000000,
      configEpoch: 1,
      linkState: 'connected',
      slots: [
        { first: 0, last: 5460 },
        { first: 5462, last: 5462 },
      ],
      migrating: [{ slot: 5461, nodeId: id('b') }],
      importing: [{ slot: 9000, nodeId: id('c') }],
    });
    expect(second?.hostname).toBe('host-1.example');
    expect(third).toMatchObject({ ip: '::1', port: 7002, masterId: id('a'), linkState: 'disconnected' });
    expect(fourth).toMatchObject({ ip: '', port: 0, busPort: 0, flags: ['master', 'fail', 'noaddr'] });
  });

  it.each(lines)('is written as it was read: %s', (line) => {
    expect(formatNodeLine(parseNodeLine(line))).toBe(line);
  });

  it('accepts an address without a bus port, as servers before 4.0 wrote it', () => {
    expect(parseNodeLine(`${id('a')} 127.0.0.1:7000 master - 0 0 1 connected`).busPort).toBe(17000);
  });

  it.each([
    'ERR This instance has cluster support disabled',
    `${id('a')} nowhere master - 0 0 1 connected`,
    `${id('a')} 127.0.0.1:7000@17000 master - 0 0 connected`,
    `${id('a')} 127.0.0.1:7000@17000 master - 0 0 1 connected 0-99999`,
    `${id('a')} 127.0.0.1:7000@17000 master - 0 0 1 connected 9-3`,
    `${id('a')} 127.0.0.1:7000@17000 master - 0 0 1 connected [5->-short]`,
  ])('refuses %s', (text) => {
    expect(() => parseNodes(text)).toThrow(NodesTextError);
  });
});
