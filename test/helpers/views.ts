/** Owns pictures of clusters for tests: short words in, the answers of nodes out. */
import { mergeViews } from '../../src/cluster/merge.ts';
import type { NodeView, Replication, Silence, Topology } from '../../src/cluster/topology.ts';
import { parseNodes } from '../../src/protocol/text/nodes.ts';

/** A node by number: n1 is 0001... on 127.0.0.1:7001. */
export function idOf(number: number): string {
  return String(number).padStart(4, '0').padEnd(40, 'a');
}

export interface Member {
  readonly number: number;
  readonly host?: string;
  /** As CLUSTER NODES writes it: "0-5460 [7->-<id>]". */
  readonly slots?: string;
  readonly replicaOf?: number;
  readonly epoch?: number;
  readonly flags?: string;
  readonly link?: 'connected' | 'disconnected';
}

export interface ViewOptions {
  readonly state?: 'ok' | 'fail';
  readonly masterLinkUp?: boolean;
  readonly keyCount?: number;
  readonly replication?: Partial<Replication>;
  readonly version?: string;
  readonly zone?: string;
  readonly settings?: ReadonlyMap<string, string>;
}

/** What node `self` answers, seeing these members. */
export function viewOf(self: number, members: readonly Member[], options: ViewOptions = {}): NodeView {
  const lines = members.map((member) => {
    const {
      number,
      host = '127.0.0.1',
      slots = '',
      replicaOf,
      epoch = number,
      flags,
      link = 'connected',
    } = member;
    const role = replicaOf === undefined ? 'master' : 'slave';
    const words = [number === self ? 'myself' : undefined, role, flags].filter((word) => word !== undefined);
    // Only a node itself tells which of its slots are open.
    const shown = number === self ? slots : slots.replace(/ ?\[.*?\]/g, '');
    const master = replicaOf === undefined ? '-' : idOf(replicaOf);
    return `${idOf(number)} ${host}:${7000 + number}@${17000 + number} ${words.join(',')} ${master} 0 0 ${epoch} ${link} ${shown}`.trim();
  });
  const own = members.find(({ number }) => number === self);
  return {
    id: idOf(self),
    address: { host: own?.host ?? '127.0.0.1', port: 7000 + self },
    lines: parseNodes(lines.join('\n')),
    state: options.state ?? 'ok',
    currentEpoch: 9,
    keyCount: options.keyCount ?? 0,
    masterLinkUp: own?.replicaOf === undefined ? undefined : (options.masterLinkUp ?? true),
    replication: { offset: 0, syncing: false, silentSeconds: 0, ...options.replication },
    version: options.version ?? '7.0.15',
    zone: options.zone ?? '',
    settings: options.settings,
  };
}

/** A cluster in which every member answers, and all see the same. */
export function clusterOf(members: readonly Member[], options: ViewOptions = {}): Topology {
  return topologyOf(members.map(({ number }) => viewOf(number, members, options)));
}

export function topologyOf(views: readonly NodeView[], silences: readonly Silence[] = []): Topology {
  return mergeViews(views[0]?.address ?? { host: '127.0.0.1', port: 1 }, views, silences);
}

export const threeMasters: readonly Member[] = [
  { number: 1, slots: '0-5460' },
  { number: 2, slots: '5461-10922' },
  { number: 3, slots: '10923-16383' },
];

export const threeAndThree: readonly Member[] = [
  ...threeMasters,
  { number: 4, replicaOf: 1, epoch: 1 },
  { number: 5, replicaOf: 2, epoch: 2 },
  { number: 6, replicaOf: 3, epoch: 3 },
];
