/**
 * Owns the making of a node's parts and their handing to each other. A part that needs another one gets NodeParts and looks
 * when it is needed, for it may be made later. Nothing is started here.
 */
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { NameCache } from '../protocol/resp/name-cache.ts';
import { NodeAcl } from './acl/acl.ts';
import { type CommandTable, createCommandTable } from './command/table.ts';
import { allRows } from './commands/rows.ts';
import { configFailure } from './config/load.ts';
import type { ConfigStore } from './config/store.ts';
import type { Observer } from './dispatch/caller.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { KeyEviction } from './keyspace/eviction.ts';
import { EvictionPool } from './keyspace/eviction-pool.ts';
import { Hasher } from './keyspace/hasher.ts';
import { createKeyspace, type Keyspace } from './keyspace/keyspace.ts';
import { Notifications } from './keyspace/notifications.ts';
import { createMigration } from './migrate/migration.ts';
import { LatencyEvents } from './observe/latency-events.ts';
import { createLog } from './observe/log.ts';
import { Monitors } from './observe/monitors.ts';
import { NodeMemory } from './observe/node-memory.ts';
import { SlowLog } from './observe/slow-log.ts';
import { createStats, type NodeStats } from './observe/stats.ts';
import type { Log, LogLevel } from './parts/basics.ts';
import type { Cluster, Migration } from './parts/cluster.ts';
import type { KeyWaiters } from './parts/dispatch.ts';
import type { ActiveExpiry, Database } from './parts/keyspace.ts';
import type { NodeParts, ServerParts } from './parts/node.ts';
import type { Persistence } from './parts/persistence.ts';
import type { Replication } from './parts/replication.ts';
import type { Tls } from './parts/tls.ts';
import { createPersistence } from './persistence/persistence.ts';
import { PropagationStream } from './propagate/stream.ts';
import { LocalPubSub } from './pubsub/pubsub.ts';
import { createReplication } from './replication/replication.ts';
import { NodeScripts } from './script/scripts.ts';
import { LargestClients } from './server/client-eviction.ts';
import { ClientRegistry } from './server/clients.ts';
import type { ConnectionHost } from './server/connection.ts';
import { ClientLimits } from './server/limits.ts';
import { Listener } from './server/listener.ts';
import { StreamSession } from './server/master-session.ts';
import { Outbox } from './server/outbox.ts';
import { ScriptSession } from './server/script-session.ts';
import { Stopping } from './server/stopping.ts';
import { NodeTls } from './tls/tls.ts';
import { ClientCaches } from './tracking/tracking.ts';

export interface PartsOptions {
  readonly config: ConfigStore;
  readonly renames: readonly (readonly [from: string, to: string])[];
  readonly clock: Clock;
  readonly random: Random;
  /** Takes the lines of the log. */
  writeLog(line: string): void;
  /** Ends the node, without waiting for anything. */
  end(exitCode: number): void;
  close(): Promise<void>;
}

export class Parts implements NodeParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly config: ConfigStore;
  readonly log: Log;
  readonly startedAtMs: number;
  readonly runId: string;
  readonly stats: NodeStats = createStats();
  readonly #latency: LatencyEvents;
  readonly commands: CommandTable;
  readonly acl: NodeAcl;
  readonly clients = new ClientRegistry();
  readonly propagation = new PropagationStream();
  readonly keyspace: Keyspace;
  readonly memory: NodeMemory;
  readonly eviction: KeyEviction;
  readonly clientEviction: LargestClients;
  readonly memberHasher: Hasher;
  readonly dispatch: Dispatcher;
  readonly listener: Listener;
  readonly server: ServerParts;
  readonly replication: Replication;
  readonly persistence: Persistence;
  readonly scripts: NodeScripts;
  readonly pubsub: LocalPubSub;
  readonly #outbox = new Outbox();
  readonly tracking: ClientCaches;
  readonly migration: Migration;
  readonly tls: Tls;
  /** Made and set at the start, in cluster mode. */
  cluster: Cluster | undefined;
  readonly #options: PartsOptions;

  constructor(options: PartsOptions) {
    const { config, clock, random } = options;
    this.#options = options;
    this.config = config;
    this.clock = clock;
    this.random = random;
    this.startedAtMs = clock.nowMs();
    this.runId = random.hex(40);
    this.log = createLog({
      clock,
      pid: process.pid,
      // Asked for lines of the very beginning too, before there is a role.
      role: () => ((this.replication as Replication | undefined)?.role === 'replica' ? 'S' : 'M'),
      level: () => config.text('loglevel') as LogLevel,
      write: options.writeLog,
    });
    this.tls = new NodeTls(config, this.log);
    this.commands = makeCommands(options.renames);
    this.acl = new NodeAcl(this, this.commands);
    const { superuser } = this.acl;
    this.memberHasher = new Hasher(random);
    this.#latency = new LatencyEvents(config, clock);
    this.pubsub = new LocalPubSub(config.flag('cluster-enabled'));
    this.tracking = new ClientCaches({
      ...{ config, random, clients: this.clients, outbox: this.#outbox },
      requester: () => this.dispatch.requester,
    });
    this.keyspace = this.#makeKeyspace();
    this.memory = new NodeMemory(this, this.keyspace.memorySum);
    this.eviction = this.#makeEviction();
    this.clientEviction = new LargestClients(this);
    const { databases } = this.keyspace;
    const slowLog = new SlowLog(config);
    const monitors = new Monitors();
    const master = new StreamSession(databases[0] as Database, superuser, this.startedAtMs);
    const file = new StreamSession(databases[0] as Database, superuser, this.startedAtMs, true);
    this.clients.master = master;
    this.dispatch = new Dispatcher({
      parts: this,
      stats: this.stats,
      propagation: this.propagation,
      master,
      file,
      observer: makeObserver(slowLog, this.#latency, monitors, clock),
    });
    this.listener = new Listener(this.#connectionHost(databases[0] as Database), config, this.tls);
    const stopping = new Stopping(this, () => this.shutdown());
    this.server = {
      ...{ config, slowLog, monitors, stopping },
      cron: { paused: false },
      stats: this.stats,
      latency: this.#latency,
      listener: this.listener,
    };
    this.replication = createReplication(this);
    this.scripts = new NodeScripts({
      parts: this,
      session: new ScriptSession(databases[0] as Database, superuser, this.startedAtMs),
    });
    this.persistence = createPersistence(this);
    this.migration = createMigration(this);
  }

  get keyWaiters(): KeyWaiters {
    return this.dispatch.keyWaiters;
  }

  get activeExpiry(): ActiveExpiry {
    return this.keyspace.activeExpiry;
  }

  get databases(): readonly Database[] {
    return this.keyspace.databases;
  }

  get loading(): boolean {
    return this.persistence.loading || this.replication.loading;
  }

  get port(): number {
    return this.listener.port;
  }

  get tlsPort(): number {
    return this.listener.tlsPort;
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  shutdown(): void {
    this.#options.end(0);
  }

  fatal(reason: string): void {
    this.log('warning', reason);
    // Before anybody gets a reply that may not hold.
    for (const client of [...this.clients.all()]) client.destroy();
    this.#options.end(1);
  }

  #makeKeyspace(): Keyspace {
    const { clock, random, config, stats } = this;
    const clusterMode = config.flag('cluster-enabled');
    // Only to those who listen here: in a cluster each node tells of its own keys.
    const notifications = new Notifications(config, (channel, message) =>
      this.pubsub.publish(channel, message, false),
    );
    return createKeyspace({
      ...{ clock, random, config, stats },
      databaseCount: clusterMode ? 1 : config.number('databases'),
      slotted: clusterMode,
      onExpiryCycle: (elapsedMs) => this.#latency.add('expire-cycle', elapsedMs * 1000),
      hooks: {
        nowMs: () => this.dispatch.nowMs(),
        isReplica: () => this.#isReplica(),
        isWritableReplica: () => !config.flag('replica-read-only'),
        isServingMaster: () => this.dispatch.servingMaster,
        isLoading: () => this.loading,
        isPaused: () => this.dispatch.writesPaused,
        touched: (dbIndex, key) => this.dispatch.keyTouched(dbIndex, key),
        awaited: (dbIndex, key) => this.keyWaiters.ready(dbIndex, key),
        flushed: (dbIndex) => this.dispatch.databaseTouched(dbIndex),
        notify: (dbIndex, classLetter, event, key) => notifications.notify(dbIndex, classLetter, event, key),
        propagateDelete: (dbIndex, key, why) => {
          this.dispatch.keyGone(key);
          const directive = why === 'expired' ? 'lazyfree-lazy-expire' : 'lazyfree-lazy-eviction';
          this.propagation.feed(dbIndex, [config.flag(directive) ? 'UNLINK' : 'DEL', key]);
        },
      },
    });
  }

  /** In a cluster the replication begins a little later than the role. */
  #isReplica(): boolean {
    return this.replication.role === 'replica' || this.cluster?.isReplica === true;
  }

  #makeEviction(): KeyEviction {
    const { config, keyspace } = this;
    return new KeyEviction({
      ...{ clock: this.clock, config, log: this.log, stats: this.stats, memory: this.memory },
      memorySum: keyspace.memorySum,
      pool: new EvictionPool({ ...keyspace, config }),
      onCycle: (elapsedMs) => this.#latency.add('eviction-cycle', elapsedMs * 1000),
      maySafely: () =>
        !this.loading &&
        !this.dispatch.writesPaused &&
        !(this.#isReplica() && config.flag('replica-ignore-maxmemory')),
    });
  }

  #connectionHost(firstDatabase: Database): ConnectionHost {
    const { clock, log, stats, clients, config, acl, tracking } = this;
    return {
      ...{ clock, log, stats, clients, acl, tracking, firstDatabase },
      dispatcher: this.dispatch,
      limits: new ClientLimits(config),
      names: new NameCache(),
      outbox: this.#outbox,
      beforeReplies: () => {
        this.persistence.beforeReplies();
        this.cluster?.settle();
      },
      get logsVerbose() {
        const level = config.text('loglevel');
        return level === 'verbose' || level === 'debug';
      },
    };
  }
}

/** A rename that cannot be is a mistake of the configuration. */
function makeCommands(renames: PartsOptions['renames']): CommandTable {
  try {
    return createCommandTable(allRows, renames);
  } catch (error) {
    throw configFailure(error instanceof Error ? error.message : String(error));
  }
}

function makeObserver(slowLog: SlowLog, latency: LatencyEvents, monitors: Monitors, clock: Clock): Observer {
  return {
    get monitoring() {
      return monitors.any;
    },
    monitor: (session, argv) => monitors.feed(session, argv, clock.nowMs()),
    get slowFromMicroseconds() {
      return slowLog.fromMicroseconds;
    },
    get delayFromMicroseconds() {
      return latency.fromMicroseconds;
    },
    delay: (event, microseconds) => latency.add(event, microseconds),
    slow({ address, name }, argv, microseconds) {
      slowLog.add({ timeSeconds: Math.trunc(clock.nowMs() / 1000), microseconds, argv, address, name });
    },
  };
}
