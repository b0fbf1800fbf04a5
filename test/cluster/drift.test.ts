import { describe, expect, it } from 'vitest';
import { findProblems } from '../../src/cluster/health.ts';
import { threeMasters, topologyOf, viewOf } from '../helpers/views.ts';

/** What is found where each of three masters has these settings, besides that none has a replica. */
function found(...settings: readonly (Readonly<Record<string, string>> | undefined)[]): string[] {
  const views = threeMasters.map(({ number }, index) => {
    const its = settings[index];
    return viewOf(number, threeMasters, its === undefined ? {} : { settings: new Map(Object.entries(its)) });
  });
  return findProblems(topologyOf(views))
    .filter(({ kind }) => kind === 'configuration-drift')
    .map(({ message }) => message);
}

describe('settings that differ', () => {
  it('are named with their values and nodes', () => {
    const usual = { maxmemory: '0', 'cluster-node-timeout': '15000' };
    expect(found(usual, { ...usual, maxmemory: '1000' }, usual)).toEqual([
      'Setting maxmemory is not the same everywhere: 0 on 127.0.0.1:7001, 127.0.0.1:7003; 1000 on 127.0.0.1:7002.',
    ]);
  });

  it('are not looked for on nodes that do not tell, or do not have them', () => {
    expect(found({ maxmemory: '0' }, undefined, {})).toEqual([]);
  });

  it('are told of passwords without telling them', () => {
    const [a, b] = ['digest-a', 'digest-b'];
    expect(
      found({ requirepass: a, masterauth: a }, { requirepass: b, masterauth: b }, { requirepass: a }),
    ).toEqual([
      'Setting requirepass of 127.0.0.1:7002 is not that of 127.0.0.1:7001, 127.0.0.1:7003.',
      'Setting masterauth of 127.0.0.1:7003 is not the password of the nodes: after a failover they cannot follow the new master.',
    ]);
  });

  it('leave replicas alone that log in as a user of their own', () => {
    const settings = { requirepass: 'a', masterauth: 'b', masteruser: 'c' };
    expect(found(settings, settings, settings)).toEqual([]);
  });
});

it('different versions are worth a note', () => {
  const views = threeMasters.map(({ number }) =>
    viewOf(number, threeMasters, { version: number === 3 ? '7.2.4' : '7.0.15' }),
  );
  expect(findProblems(topologyOf(views))).toContainEqual(
    expect.objectContaining({
      severity: 'note',
      message:
        'Nodes run different versions: 7.0.15 on 127.0.0.1:7001, 127.0.0.1:7002; 7.2.4 on 127.0.0.1:7003.',
    }),
  );
});
