/**
 * Owns the making of a node: creates every part, hands them to each other, starts and ends them. Touches nothing of
 * the process: many nodes can live in one. Source: Redis server.c main, initServer.
 */
import { type Clock, systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { NameCache } from '../protocol/resp/request-parser.ts';
import { createCluster } from './bus/cluster.ts';
import { createCommandTable } from './command/table.ts';
import { allRows } from './commands/rows.ts';
import { type LoadedConfig, loadConfig, parseCommandLine } from './config/load.ts';
import { systemErrorText, toPath } from './config/special.ts';
import { ConfigStore } from './config/store.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import type { Session } from './dispatch/session.ts';
import { createKeyspace } from './keyspace/keyspace.ts';
import { createMigration } from './migrate/migration.ts';
import { createLog, fileWriter } from './observe/log.ts';
import { Monitors } from './observe/monitors.ts';
import { SlowLog } from './observe/slow-log.ts';
import { createStats } from './observe/stats.ts';
import { redisVersion } from './observe/version.ts';
import type { Cluster, Log, LogLevel, NodeParts } from './parts.ts';
import { PropagationStream } from './propagate/stream.ts';
import { createReplication } from './replication/replication.ts';
import { ClientRegistry } from './server/clients.ts';
import { startCron } from './server/cron.ts';
import { ClientLimits } from './server/limits.ts';
import { Listener } from './server/listener.ts';
import { StreamSession } from './server/master-session.ts';
import { Stopping } from './server/stopping.ts';

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
}

export interface RunningNode {
  readonly parts: NodeParts;
  /** The client port; 0 without TCP. */
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

type Making<T> = { -readonly [K in keyof T]: T[K] };

function readConfig(options: NodeOptions): { config: ConfigStore; loaded: LoadedConfig } {
  const config = new ConfigStore();
  const given = Object.entries(options.config ?? {}).map(([name, value]) => `${name} ${value}`);
  const commandLine = parseCommandLine(options.argv ?? []);
  const lines = [commandLine.options, ...given].filter((line) => line !== '').join('\n');
  return { config, loaded: loadConfig({ ...commandLine, options: lines }, config) };
}

class Node implements RunningNode {
  readonly parts: NodeParts;
  readonly ended: Promise<number>;
  readonly #parts: Making<NodeParts>;
  readonly #listener: Listener;
  readonly #dispatcher: Dispatcher;
  readonly #closers: (() => void | Promise<void>)[] = [];
  #endedWith: (exitCode: number) => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: NodeOptions) {
    this.ended = new Promise((resolve) => {
      this.#endedWith = resolve;
    });
    const { config, loaded } = readConfig(options);
    const clock = options.clock ?? systemClock;
    const random = options.random ?? systemRandom;
    const logfile = toPath(config.text('logfile'));
    const write = logfile === '' ? (options.log ?? (() => {})) : fileWriter(logfile);
    const log = createLog({
      clock,
      pid: process.pid,
      role: () => (this.#parts.replication?.role === 'replica' ? 'S' : 'M'),
      level: () => config.text('loglevel') as LogLevel,
      write,
    });
    const stats = createStats();
    const propagation = new PropagationStream();
    const clients = new ClientRegistry();
    const slowLog = new SlowLog(config);
    const monitors = new Monitors();
    const parts = {
      clock,
      random,
      log,
      config,
      stats,
      clients,
      propagation,
      commands: createCommandTable(allRows, loaded.renames),
      startedAtMs: clock.nowMs(),
      runId: random.hex(40),
      cluster: undefined,
      close: () => this.close(),
      shutdown: () => void this.#end(0),
    } as unknown as Making<NodeParts>;
    this.#parts = parts;
    this.parts = parts;

    const clusterMode = config.flag('cluster-enabled');
    const keyspace = createKeyspace({
      clock,
      random,
      config,
      stats,
      databaseCount: clusterMode ? 1 : config.number('databases'),
      slotted: clusterMode,
      hooks: {
        nowMs: () => this.#dispatcher.nowMs(),
        isReplica: () => parts.replication.role === 'replica',
        isWritableReplica: () => !config.flag('replica-read-only'),
        isServingMaster: () => this.#dispatcher.servingMaster,
        isLoading: () => parts.replication.loading,
        isPaused: () => this.#dispatcher.writesPaused,
        touched: (dbIndex, key) => this.#dispatcher.keyTouched(dbIndex, key),
        flushed: (dbIndex) => this.#dispatcher.databaseTouched(dbIndex),
        propagateDelete: (dbIndex, key) => propagation.feed(dbIndex, ['DEL', key]),
      },
    });
    parts.databases = keyspace.databases;
    const firstDatabase = keyspace.databases[0] as NodeParts['databases'][number];
    this.#dispatcher = new Dispatcher({
      parts,
      stats,
      propagation,
      master: new StreamSession(firstDatabase, parts.startedAtMs),
      observer: {
        get monitoring() {
          return monitors.any;
        },
        monitor: (session, _dbIndex, argv) => monitors.feed(session, argv, clock.nowMs()),
        get slowFromMicroseconds() {
          return slowLog.fromMicroseconds;
        },
        slow: (session, argv, microseconds) => slowLog.add(slowEntry(session, argv, microseconds, clock)),
      },
    });
    parts.dispatch = this.#dispatcher;
    this.#listener = new Listener(
      {
        clock,
        log,
        stats,
        clients,
        dispatcher: this.#dispatcher,
        limits: new ClientLimits(config),
        names: new NameCache(),
        firstDatabase,
        beforeReplies: () => parts.cluster?.settle(),
        get requirePassword() {
          return config.text('requirepass') !== '';
        },
        get logsVerbose() {
          const level = config.text('loglevel');
          return level === 'verbose' || level === 'debug';
        },
      },
      config,
    );
    Object.defineProperty(parts, 'port', { get: () => this.#listener.port, enumerable: true });
    const stopping = new Stopping(parts, () => parts.shutdown());
    parts.server = { config, stats, slowLog, monitors, keyspace, listener: this.#listener, stopping };
    parts.replication = createReplication(parts);
    parts.migration = createMigration(parts);
    const cron = startCron({ clock, config, log, stats, clients });
    keyspace.start();
    this.#closers.push(
      () => cron.cancel(),
      () => keyspace.close(),
      () => stopping.close(),
      () => this.#dispatcher.holds.close(),
      () => this.#listener.close(),
      () => parts.migration.close(),
      () => parts.replication.close(),
      () => {
        for (const client of [...clients.all()]) client.destroy();
      },
    );
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Opens the ports, and what runs from now on. Throws a NodeStartError. */
  async start(anyPort: boolean, argv: readonly string[]): Promise<void> {
    const { log, config } = this.#parts;
    logBegin(log, argv);
    for (const name of this.#parts.server.config.withoutEffect())
      log('warning', `The directive '${name}' has no effect in this node; it is accepted and shown only.`);
    // Before anybody can connect: no command may pass by the cluster's routing.
    const cluster = config.flag('cluster-enabled') ? this.#makeCluster() : undefined;
    const port = anyPort ? 0 : config.number('port');
    if (!(await this.#listener.listenTcp(port, anyPort)))
      throw this.#failed(`Failed listening on port ${port} (TCP), aborting.`);
    const unixPath = config.text('unixsocket');
    if (unixPath !== '') {
      try {
        await this.#listener.listenUnix(toPath(unixPath), Number.parseInt(config.text('unixsocketperm'), 8));
      } catch (reason) {
        throw this.#failed(`Failed opening Unix socket: bind: ${systemErrorText(reason)}`);
      }
    }
    if (!this.#listener.any) throw this.#failed('Configured to not listen anywhere, exiting.');
    if (cluster === undefined) this.#followConfigured();
    else await this.#orFail(() => cluster.start());
    const mode = cluster === undefined ? 'standalone' : 'cluster';
    log('notice', `Running mode=${mode}, port=${this.port}, PID: ${process.pid}`);
    log('warning', 'Server initialized');
    if (this.port > 0) log('notice', 'Ready to accept connections');
    if (this.#listener.unixPath !== undefined)
      log('notice', `The server is now ready to accept connections at ${this.#listener.unixPath}`);
  }

  /** The directive replicaof: at the start it is followed, from then on it tells whom REPLICAOF made this node follow. */
  #followConfigured(): void {
    const { server, replication } = this.#parts;
    const [host, port] = server.config.text('replicaof').split(' ');
    server.config.ownedBy('replicaof', () => {
      const { master } = replication;
      return master ? `${master.host} ${master.port}` : '';
    });
    if (host !== undefined && port !== undefined) replication.follow({ host, port: Number(port) });
  }

  #makeCluster(): Cluster {
    const parts = this.#parts;
    try {
      const cluster = createCluster({ parts, fatal: () => void this.#end(1) });
      parts.cluster = cluster;
      this.#closers.unshift(() => cluster.close());
      return cluster;
    } catch (reason) {
      throw this.#failed(messageOf(reason));
    }
  }

  async #orFail(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (reason) {
      throw this.#failed(messageOf(reason));
    }
  }

  #failed(reason: string): NodeStartError {
    this.#parts.log('warning', reason);
    return new NodeStartError(reason);
  }

  async #end(exitCode: number): Promise<void> {
    const ending = this.close();
    if (exitCode === 0) this.#parts.log('warning', 'Redis is now ready to exit, bye bye...');
    await ending;
    this.#endedWith(exitCode);
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      for (const closer of this.#closers) await closer();
      this.#endedWith(0);
    })();
    return this.#closing;
  }
}

function slowEntry(session: Session, argv: readonly string[], microseconds: number, clock: Clock) {
  const timeSeconds = Math.trunc(clock.nowMs() / 1000);
  return { timeSeconds, microseconds, argv, address: session.address, name: session.name };
}

function logBegin(log: Log, argv: readonly string[]): void {
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
}

/** Starts a node. Throws a ConfigError (config/load.ts) or a NodeStartError; nothing is left open then. */
export async function startNode(options: NodeOptions = {}): Promise<RunningNode> {
  const node = new Node(options);
  try {
    await node.start(options.anyPort ?? false, options.argv ?? []);
  } catch (reason) {
    await node.close();
    throw reason;
  }
  return node;
}
