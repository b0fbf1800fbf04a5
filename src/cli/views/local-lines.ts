/** Owns what `trib up`, `trib down` and `trib status` say of a local cluster. */
import type { Topology } from '../../cluster/topology.ts';
import type { Down } from '../../local/down.ts';
import type { LocalCluster, LocalNode } from '../../local/state.ts';
import type { Status } from '../../local/status.ts';
import type { Session } from '../session.ts';
import { checkLines } from './check-lines.ts';
import { topologyData } from './data.ts';
import { nodeTable } from './node-table.ts';
import { renderTable, type Table } from './table.ts';

/** The cluster as one document for --json: of `trib up`, and what `trib status` begins with. */
export function localClusterData(dir: string, cluster: LocalCluster): Record<string, unknown> {
  return {
    dir,
    engine: cluster.engine,
    startedAtMs: cluster.startedAtMs,
    addresses: cluster.nodes.map(({ port }) => `127.0.0.1:${port}`),
    processes: cluster.nodes.map(({ pid, port }) => ({ pid, port })),
  };
}

export async function upText(
  { dir, cluster, topology, tookMs, down }: UpSummary,
  session: Session,
): Promise<string> {
  const masters = topology.nodes.filter(({ role }) => role === 'master').length;
  const replicas = topology.nodes.length - masters;
  const counts = `${masters} masters${replicas > 0 ? ` and ${replicas} replicas` : ''}`;
  const table = await renderTable(withPids(nodeTable(topology), cluster.nodes), session);
  return [
    table,
    session.paint('green', `[OK] ${counts} are ready after ${(tookMs / 1000).toFixed(2)} s, in ${dir}.\n`),
    `To talk to it:   redis-cli -c -p ${cluster.nodes[0]?.port ?? ''}\n`,
    `To take it down: ${down}\n`,
  ].join('');
}

export function downText(dir: string, { nodes, stopped, kept }: Down): string {
  const before = nodes === stopped ? '' : ` (${nodes - stopped} of ${nodes} had ended before)`;
  const left = kept
    ? `their data are kept: trib up --dir ${dir} goes on with them.`
    : `nothing is left of the cluster in ${dir}.`;
  return `${stopped} nodes were ended${before}; ${left}\n`;
}

export interface UpSummary {
  readonly dir: string;
  readonly cluster: LocalCluster;
  readonly topology: Topology;
  readonly tookMs: number;
  /** What the operator does to end it. */
  readonly down: string;
}

/** The table of nodes with the process of each. */
function withPids(table: Table, nodes: readonly LocalNode[]): Table {
  const address = table.head.indexOf('address');
  const pidOf = (row: readonly string[]): string =>
    String(nodes.find(({ port }) => row[address]?.endsWith(`:${port}`))?.pid ?? '');
  return { head: [...table.head, 'pid'], rows: table.rows.map((row) => [...row, pidOf(row)]) };
}

export async function statusText(dir: string, status: Status, session: Session): Promise<string> {
  const { cluster, topology, ended, findings } = status;
  const { paint } = session;
  const lines: string[] = [];
  if (topology !== undefined) {
    lines.push(await renderTable(withPids(nodeTable(topology), cluster.nodes), session));
    lines.push(...checkLines(topology, findings, paint).map((line) => `${line}\n`));
  }
  for (const { port, pid } of ended) {
    lines.push(paint('red', `[ERR] The node on port ${port} (process ${pid}) is not running.\n`));
  }
  if (status.ok)
    lines.push(paint('green', `[OK] All ${cluster.nodes.length} nodes are running, in ${dir}.\n`));
  return lines.join('');
}

export function statusData(dir: string, status: Status): Record<string, unknown> {
  const { cluster, topology, findings, ok } = status;
  return {
    ok,
    ...localClusterData(dir, cluster),
    processes: cluster.nodes.map(({ pid, port }) => ({
      pid,
      port,
      running: status.running.some((node) => node.port === port),
    })),
    nodes: topology === undefined ? [] : topologyData(topology),
    findings,
  };
}
