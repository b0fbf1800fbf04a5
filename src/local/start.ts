/** Owns the start of a local cluster's processes, up to where all answer; none is left when one fails. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { TribError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Engine } from './engine.ts';
import { nodeCommand } from './engine.ts';
import { freePorts, portsFrom } from './ports.ts';
import type { StartedNode } from './process.ts';
import { startNodeProcess, stopProcesses, untilReady } from './process.ts';
import type { LocalCluster, LocalNode } from './state.ts';

export interface StartRequest {
  readonly engine: Engine;
  readonly count: number;
  /** The first port; 0 takes free ones. */
  readonly firstPort: number;
  /** The folder for the nodes' folders; it exists. */
  readonly dir: string;
  readonly nodeTimeoutMs: number;
  readonly directives: readonly (readonly [string, string])[];
}

/** A running process of the cluster with its place in it. */
export type RunningNode = LocalNode & StartedNode;

/** A cluster that serves. */
export interface Up {
  readonly cluster: LocalCluster;
  readonly processes: readonly RunningNode[];
}

/** Another program can take a free port before the node has it: so many times new ones are drawn. */
const drawsOfPorts = 5;

/**
 * Starts `count` nodes. `onStart` is called with the nodes so far after each start, before any is ready, so that
 * they can be written down. Throws a TribError when a port is taken or a node ends; then none is left.
 */
export async function startNodes(
  request: StartRequest,
  clock: Clock,
  random: Random,
  onStart: (nodes: readonly RunningNode[]) => void = () => {},
): Promise<RunningNode[]> {
  for (let draw = 1; ; draw++) {
    const ports =
      request.firstPort === 0
        ? await freePorts(request.count, random)
        : await portsFrom(request.firstPort, request.count);
    const nodes: RunningNode[] = [];
    try {
      for (const port of ports) {
        nodes.push(startNode(request, port));
        onStart(nodes);
      }
      await Promise.all(nodes.map((node) => untilReady(node, node.port, join(request.dir, node.dir), clock)));
      return nodes;
    } catch (error) {
      await stopProcesses(nodes, clock);
      for (const port of ports) rmSync(join(request.dir, String(port)), { recursive: true, force: true });
      onStart([]);
      const portTaken = error instanceof TribError && /listening|in use/i.test(error.message);
      if (request.firstPort !== 0 || !portTaken || draw === drawsOfPorts) throw error;
    }
  }
}

/** What nodes are started with, wherever they listen. */
export type NodeRequest = Pick<StartRequest, 'engine' | 'dir' | 'nodeTimeoutMs' | 'directives'>;

/**
 * Starts nodes again, each at its port and in the folder that it has; `onStart` as above. Throws a TribError when one ends:
 * then none of them runs, and their files are as they were left.
 */
export async function startAgain(
  request: NodeRequest,
  former: readonly LocalNode[],
  clock: Clock,
  onStart: (nodes: readonly RunningNode[]) => void,
): Promise<RunningNode[]> {
  const nodes: RunningNode[] = [];
  try {
    for (const { port, dir } of former) {
      nodes.push(runNode(request, port, dir));
      onStart(nodes);
    }
    await Promise.all(nodes.map((node) => untilReady(node, node.port, join(request.dir, node.dir), clock)));
    return nodes;
  } catch (error) {
    await stopProcesses(nodes, clock);
    throw error;
  }
}

function startNode(request: NodeRequest, port: number): RunningNode {
  const dir = String(port);
  mkdirSync(join(request.dir, dir), { mode: 0o700 });
  return runNode(request, port, dir);
}

function runNode(request: NodeRequest, port: number, dir: string): RunningNode {
  const command = nodeCommand(request.engine, { ...request, port });
  return { ...startNodeProcess(command, join(request.dir, dir)), port, dir };
}
