/**
 * Owns clusters of nodes and redis-server processes for tests of the bus: started, joined, asked, ended. Bundled nodes are
 * of this process, or processes of their own (the built trib-node) where they are to be killed. Each node has its own folder and a free port.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/core/random.ts';
import { freePorts } from '../../src/local/ports.ts';
import { type RunningNode, startNode } from '../../src/node/node.ts';
import { SLOT_COUNT } from '../../src/protocol/slots/key-slot.ts';
import { runNode } from './node-process.ts';
import { RawConnection, type RawReply } from './raw-connection.ts';
import { until } from './servers.ts';

export type ClusterEngine = 'bundled' | 'bundled-process' | 'redis-server';

/** One node of either engine; it can be ended and started again in its folder, as the other engine too. */
export class ClusterMember {
  engine: ClusterEngine;
  readonly port: number;
  /** Another free port, for a node that wants two. */
  readonly sparePort: number;
  readonly dir: string;
  /** Lines of a bundled node's log. */
  readonly log: string[] = [];
  readonly #directives: readonly string[];
  #node: RunningNode | undefined;
  #process: ChildProcess | undefined;
  #client: RawConnection | undefined;

  constructor(
    engine: ClusterEngine,
    port: number,
    sparePort: number,
    dir: string,
    directives: readonly string[],
  ) {
    this.engine = engine;
    this.port = port;
    this.sparePort = sparePort;
    this.dir = dir;
    this.#directives = directives;
  }

  get busPort(): number {
    return this.port + 10_000;
  }

  get client(): RawConnection {
    if (this.#client === undefined) throw new Error(`node ${this.port} is not running`);
    return this.#client;
  }

  /** The node of this process, for a look inside. */
  get node(): RunningNode {
    if (this.#node === undefined) throw new Error(`node ${this.port} is not of this process`);
    return this.#node;
  }

  async start(): Promise<void> {
    const argv = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.dir, '--save', ''];
    argv.push('--cluster-enabled', 'yes', '--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes');
    argv.push(...this.#directives);
    if (this.engine === 'bundled') {
      this.#node = await startNode({ argv, log: (line) => this.log.push(line.trimEnd()) });
    } else if (this.engine === 'bundled-process') {
      this.#process = runNode(argv).child;
    } else {
      this.#process = spawn('redis-server', argv, { stdio: 'ignore' });
    }
    await until(async () => {
      this.#client ??= await RawConnection.open(this.port).catch(() => undefined);
      return String(await this.#client?.call('PING').catch(() => undefined)) === 'PONG';
    }, `node ${this.port} to answer`);
  }

  /** A process is killed, by SIGKILL. */
  async stop(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
    await this.#node?.close();
    this.#node = undefined;
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  call(...args: (string | number)[]): Promise<RawReply> {
    return this.client.call(...args);
  }
  text(...args: (string | number)[]): Promise<string> {
    return this.client.text(...args);
  }
  id(): Promise<string> {
    return this.text('CLUSTER', 'MYID');
  }
  /** A field of CLUSTER INFO. */
  async info(name: string): Promise<string> {
    const text = await this.text('CLUSTER', 'INFO');
    return new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1] ?? '';
  }
  /** A line "name:value" of INFO, without the name. */
  async infoLine(name: string): Promise<string> {
    const text = await this.text('INFO', 'everything');
    return new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1] ?? '';
  }
  meet(other: ClusterMember): Promise<string> {
    return this.text('CLUSTER', 'MEET', '127.0.0.1', other.port);
  }
}

export class MixedCluster {
  readonly members: readonly ClusterMember[];
  readonly #dir: string;

  private constructor(dir: string, members: readonly ClusterMember[]) {
    this.#dir = dir;
    this.members = members;
  }

  /** Not yet joined. `directives` as on the command line, for all or by place. */
  static async start(
    engines: readonly ClusterEngine[],
    directives: readonly string[] | ((index: number, sparePort: number) => readonly string[]) = [],
  ): Promise<MixedCluster> {
    const dir = mkdtempSync(join(tmpdir(), 'trib-mixed-'));
    const ports = await freePorts(engines.length * 2, systemRandom);
    const members = engines.map((engine, index) => {
      const port = ports[index] as number;
      const sparePort = ports[engines.length + index] as number;
      const own = join(dir, String(port));
      mkdirSync(own);
      const given = typeof directives === 'function' ? directives(index, sparePort) : directives;
      return new ClusterMember(engine, port, sparePort, own, given);
    });
    const cluster = new MixedCluster(dir, members);
    try {
      await Promise.all(members.map((member) => member.start()));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  member(index: number): ClusterMember {
    const member = this.members[index];
    if (member === undefined) throw new RangeError(`no member ${index}`);
    return member;
  }

  /** Gives all slots to the members of these places, in equal runs. */
  async shareSlots(...masters: number[]): Promise<void> {
    for (const [place, index] of masters.entries()) {
      const first = Math.ceil((place * SLOT_COUNT) / masters.length);
      const last = Math.ceil(((place + 1) * SLOT_COUNT) / masters.length) - 1;
      await this.member(index).text('CLUSTER', 'ADDSLOTSRANGE', first, last);
    }
  }

  /** Waits until every member says ok and all show the same CLUSTER SLOTS. */
  async untilAgreed(members: readonly ClusterMember[] = this.members): Promise<string> {
    let seen = '';
    await until(async () => {
      const states = await Promise.all(members.map((member) => member.info('cluster_state')));
      const views = await Promise.all(members.map(slotsText));
      seen = views[0] ?? '';
      return states.every((state) => state === 'ok') && views.every((view) => view === seen);
    }, 'all nodes to agree about the slots');
    return seen;
  }

  /** Waits until every member knows so many nodes, all connected and none in its handshake. */
  async untilJoined(count = this.members.length): Promise<void> {
    await until(async () => {
      const views = await Promise.all(this.members.map((member) => member.text('CLUSTER', 'NODES')));
      return views.every((view) => {
        const lines = view.trim().split('\n');
        return (
          lines.length === count && lines.every((line) => / connected/.test(line) && !/handshake/.test(line))
        );
      });
    }, 'all nodes to know each other');
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** CLUSTER SLOTS as text; replicas by id, since servers list them in the order in which they heard of them. */
export async function slotsText(member: ClusterMember): Promise<string> {
  const reply = await member.call('CLUSTER', 'SLOTS');
  if (!Array.isArray(reply)) throw new Error(String(reply));
  const ranges = reply.map((range) => {
    const [first, last, master, ...replicas] = (range as RawReply[]).map(plain);
    return [first, last, master, replicas.map((replica) => JSON.stringify(replica)).sort()];
  });
  return ranges.map((range) => JSON.stringify(range)).join('\n');
}

function plain(reply: RawReply): unknown {
  if (Array.isArray(reply)) return reply.map(plain);
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : reply;
}
