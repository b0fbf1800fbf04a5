/**
 * Owns the life of a node: its configuration, its start, its end. Touches nothing of the process: many nodes can live in
 * one. Source: Redis server.c main, initServer, finishShutdown.
 */
import { resolve } from 'node:path';
import { type Clock, systemClock, type Timer } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { createCluster } from './bus/cluster.ts';
import { configFailure, type LoadedConfig, loadConfig, parseCommandLine } from './config/load.ts';
import { systemErrorText, toPath } from './config/special.ts';
import { ConfigStore } from './config/store.ts';
import { tellOfUnoffered } from './config/unoffered.ts';
import { Parts } from './node-parts.ts';
import { fileWriter } from './observe/log.ts';
import { redisVersion } from './observe/version.ts';
import type { Cluster } from './parts/cluster.ts';
import type { NodeParts } from './parts/node.ts';
import { startCron } from './server/cron.ts';

export interface NodeOptions {
  /** As on the command line: `[redis.conf | -] [--directive value ...]`. */
  readonly argv?: readonly string[];
  /** Directives by name, each with its value as one line of redis.conf has it; after `argv`. */
  readonly config?: Readonly<Record<string, string>>;
  /** The system's by default. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Takes each line of the log (latin1) when no logfile is set; by default they are dropped. */
  readonly log?: (line: string) => void;
  /** Listens on a port of the system's choice in place of the directive's. */
  readonly anyPort?: boolean;
  /** Called when the node listens, before it has read its data set: until then it tells clients that it is loading. */
  readonly onListening?: (node: RunningNode) => void;
}

export interface RunningNode {
  readonly parts: NodeParts;
  /** The client port; 0 without. The one for TLS is `parts.tlsPort`. */
  readonly port: number;
  /** Ends the node: connections, ports and timers. Resolves when all is closed; may be called again. */
  close(): Promise<void>;
  /** Resolves with an exit code when the node has ended, however it did: SHUTDOWN, `close`, or it could not go on. */
  readonly ended: Promise<number>;
}

/** The node could not be started. Its log has the reason too. */
export class NodeStartError extends Error {
  override readonly name = 'NodeStartError';
}

function readConfig(options: NodeOptions): { config: ConfigStore; loaded: LoadedConfig } {
  const config = new ConfigStore();
  const given = Object.entries(options.config ?? {}).map(([name, value]) => `${name} ${value}`);
  const commandLine = parseCommandLine(options.argv ?? []);
  const lines = [commandLine.options, ...given].filter((line) => line !== '').join('\n');
  return { config, loaded: loadConfig({ ...commandLine, options: lines }, config) };
}

/** Where the lines of the log go. Throws a ConfigError when a logfile cannot be written. */
function logWriter(
  config: ConfigStore,
  otherwise: ((line: string) => void) | undefined,
): (line: string) => void {
  const logfile = toPath(config.text('logfile'));
  if (logfile === '') return otherwise ?? (() => {});
  try {
    return fileWriter(resolve(toPath(config.text('dir')), logfile));
  } catch (error) {
    throw configFailure(`Can't open the log file: ${systemErrorText(error)}`);
  }
}

class Node implements RunningNode {
  readonly ended: Promise<number>;
  readonly parts: Parts;
  #cron: Timer | undefined;
  readonly #users: LoadedConfig['users'];
  #exitCode = 0;
  #closing: Promise<void> | undefined;
  #hasEnded: (exitCode: number) => void = () => {};

  constructor(options: NodeOptions) {
    this.ended = new Promise((resolveEnded) => {
      this.#hasEnded = resolveEnded;
    });
    const { config, loaded } = readConfig(options);
    this.#users = loaded.users;
    this.parts = new Parts({
      config,
      renames: loaded.renames,
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
      writeLog: logWriter(config, options.log),
      end: (exitCode) => this.#end(exitCode),
      close: () => this.close(),
    });
  }

  get port(): number {
    return this.parts.port;
  }

  /** Opens the ports, and what runs from now on. Throws a NodeStartError. */
  async start(options: NodeOptions): Promise<void> {
    const { parts } = this;
    const { log, config } = parts;
    this.#logBegin(options.argv ?? []);
    const refusal = parts.acl.begin(this.#users);
    if (refusal !== undefined) throw this.#failed(refusal);
    if (!parts.tls.configure()) throw this.#failed('Failed to configure TLS. Check logs for more info.');
    this.#cron = startCron(parts);
    parts.keyspace.start();
    // Before anybody can connect: no command may pass by the cluster's routing.
    const cluster = config.flag('cluster-enabled') ? this.#makeCluster() : undefined;
    await this.#listen(options.anyPort ?? false);
    const mode = cluster === undefined ? 'standalone' : 'cluster';
    log('notice', `Running mode=${mode}, port=${this.port || parts.tlsPort}, PID: ${process.pid}`);
    log('warning', 'Server initialized');
    options.onListening?.(this);
    await this.#load(cluster);
    if (this.#closing !== undefined) return;
    if (cluster === undefined) this.#followConfigured();
    else await cluster.start().catch((reason: unknown) => Promise.reject(this.#failed(messageOf(reason))));
    parts.persistence.start();
    if (this.port > 0 || parts.tlsPort > 0) log('notice', 'Ready to accept connections');
    const { unixPath } = parts.listener;
    if (unixPath !== undefined) log('notice', `The server is now ready to accept connections at ${unixPath}`);
  }

  /** The data set of the last run. It may have been continued elsewhere: the stream goes on from where it stood. */
  async #load(cluster: Cluster | undefined): Promise<void> {
    const { persistence, replication, config } = this.parts;
    const asReplica = cluster === undefined ? config.text('replicaof') !== '' : cluster.isReplica;
    await persistence.load(asReplica).catch((reason: unknown) => {
      throw this.#failed(messageOf(reason));
    });
    const { position } = persistence;
    if (position !== undefined) replication.restore(position);
    cluster?.verifyData();
  }

  async #listen(anyPort: boolean): Promise<void> {
    const { config, listener } = this.parts;
    if (!(await listener.listen('port', anyPort)))
      throw this.#failed(`Failed listening on port ${config.number('port')} (TCP), aborting.`);
    if (!(await listener.listen('tls-port')))
      throw this.#failed(`Failed listening on port ${config.number('tls-port')} (TLS), aborting.`);
    const unixPath = toPath(config.text('unixsocket'));
    if (unixPath !== '') {
      const path = resolve(toPath(config.text('dir')), unixPath);
      const permissions = Number.parseInt(config.text('unixsocketperm'), 8);
      await listener.listenUnix(path, permissions).catch((reason: unknown) => {
        throw this.#failed(`Failed opening Unix socket: bind: ${systemErrorText(reason)}`);
      });
    }
    if (!listener.any) throw this.#failed('Configured to not listen anywhere, exiting.');
  }

  /** The directive replicaof: at the start it is followed, from then on it tells whom REPLICAOF made this node follow. */
  #followConfigured(): void {
    const { config, replication } = this.parts;
    const [host, port] = config.text('replicaof').split(' ');
    config.ownedBy('replicaof', () => {
      const { master } = replication;
      return master ? `${master.host} ${master.port}` : '';
    });
    if (host !== undefined && port !== undefined) replication.follow({ host, port: Number(port) });
  }

  #makeCluster(): Cluster {
    try {
      const cluster = createCluster({ parts: this.parts, fatal: () => this.#end(1) });
      this.parts.cluster = cluster;
      return cluster;
    } catch (reason) {
      throw this.#failed(messageOf(reason));
    }
  }

  #failed(reason: string): NodeStartError {
    this.parts.log('warning', reason);
    return new NodeStartError(reason);
  }

  #logBegin(argv: readonly string[]): void {
    const { log, config } = this.parts;
    log('warning', 'oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo');
    log(
      'warning',
      `Redis version=${redisVersion}, bits=64, commit=00000000, modified=0, pid=${process.pid}, just started`,
    );
    log(
      'warning',
      argv.length === 0
        ? 'Warning: no config file specified, using the default config. In order to specify a config file use trib-node /path/to/redis.conf'
        : 'Configuration loaded',
    );
    tellOfUnoffered(config, log);
  }

  #end(exitCode: number): void {
    this.#exitCode = exitCode;
    if (exitCode === 0) this.parts.log('warning', 'Redis is now ready to exit, bye bye...');
    void this.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll().finally(() => this.#hasEnded(this.#exitCode));
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const { parts } = this;
    this.#cron?.cancel();
    parts.keyspace.close();
    parts.eviction.stop();
    parts.server.stopping.close();
    parts.dispatch.holds.close();
    parts.dispatch.keyWaiters.close();
    await parts.cluster?.close();
    await parts.listener.close();
    parts.migration.close();
    parts.scripts.close();
    parts.replication.close();
    for (const client of [...parts.clients.all()]) client.destroy();
    await parts.persistence.close();
  }
}

/** Starts a node. Throws a ConfigError (config/load.ts) or a NodeStartError; nothing is left open then. */
export async function startNode(options: NodeOptions = {}): Promise<RunningNode> {
  const node = new Node(options);
  try {
    await node.start(options);
  } catch (reason) {
    await node.close();
    throw reason;
  }
  return node;
}
