/**
 * Owns the cluster part of a node: the machine of the bus on sockets, a file, a timer, and the other parts it acts
 * on. Source: Redis 7.0 cluster.c clusterInit, delKeysInSlot.
 */
import { resolve } from 'node:path';
import type { Timer } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { nodeFlag } from '../../protocol/bus/wire.ts';
import { NodesTextError } from '../../protocol/text/nodes.ts';
import { systemErrorText, toPath } from '../config/special.ts';
import type { Cluster } from '../parts/cluster.ts';
import type { Database } from '../parts/keyspace.ts';
import type { NodeParts } from '../parts/node.ts';
import { BusCore, type BusHost } from './bus-core.ts';
import { ClusterNode } from './cluster-node.ts';
import { ClusterState } from './cluster-state.ts';
import { publish } from './compose.ts';
import { ConfFile, ConfFileError } from './conf-file.ts';
import { TICK_MS } from './cron.ts';
import { infoLines } from './describe.ts';
import type { BusLink } from './link.ts';
import { BusMachine } from './machine.ts';
import { formatNodesConf, parseNodesConf } from './nodes-conf.ts';
import { Router } from './routing.ts';
import { BUS_PORT_OFFSET, listeningBusPort, settingsOf } from './settings.ts';
import { TcpLinks } from './tcp-links.ts';
import { adoptSlotsWithKeys } from './verify-data.ts';

const MAX_PORT = 65_535;

export interface ClusterDeps {
  /** The other parts are looked at when they are needed, not before: they may be made later. */
  readonly parts: NodeParts;
  /** The node cannot go on: nodes.conf cannot be written. The reason is already logged. */
  readonly fatal: () => void;
}

/**
 * Takes nodes.conf and reads it; `start` opens the port of the bus. Throws a ConfFileError, with the sentence that
 * Redis logs, when the file is corrupted or in use, or the ports cannot be.
 */
export function createCluster(deps: ClusterDeps): Cluster {
  return new TcpCluster(deps);
}

class TcpCluster implements Cluster {
  readonly machine: BusMachine;
  readonly #parts: NodeParts;
  readonly #file: ConfFile;
  readonly #links: TcpLinks;
  readonly #router: Router;
  #timer: Timer | undefined;
  #settling: NodeJS.Immediate | undefined;
  #closed = false;

  constructor(deps: ClusterDeps) {
    const { parts } = deps;
    const { config, clock, random, log } = parts;
    this.#parts = parts;
    const path = resolve(toPath(config.text('dir')), toPath(config.text('cluster-config-file')));
    this.#file = new ConfFile(path, random.hex(16));
    try {
      const { state, isNew } = loadState(this.#file, parts);
      state.onRelease = (slot) => parts.pubsub.releaseSlot(slot);
      const host = this.#host(deps, state);
      const core = new BusCore(state, settingsOf(parts), clock, random, host);
      this.machine = new BusMachine(core, !isNew && state.myself.slots.size > 0);
      this.#links = new TcpLinks(this.machine, {
        log,
        tls: parts.tls,
        speaksTls: () => config.flag('tls-cluster'),
        sourceAddress: () => config.text('bind-source-addr'),
        nodeTimeoutMs: () => config.number('cluster-node-timeout'),
      });
      this.#router = new Router(state, config, () => this.#database);
      if (isNew) host.save();
    } catch (error) {
      this.#file.release();
      throw error;
    }
    this.#watchDirectives();
  }

  async start(): Promise<void> {
    const { config, clock } = this.#parts;
    const busPort = listeningBusPort(this.#parts);
    if (busPort > MAX_PORT)
      throw new ConfFileError(
        'Redis port number too high. Cluster communication port is 10,000 port numbers higher than your Redis port. ' +
          `Your Redis port number must be ${MAX_PORT - BUS_PORT_OFFSET} or less.`,
      );
    const addresses = config.text('bind').split(' ').filter(Boolean);
    if (addresses.length === 0)
      throw new ConfFileError('No bind address is configured, but it is required for the Cluster bus.');
    await this.#links.listen(addresses, busPort).catch((error: unknown) => {
      throw new ConfFileError(`Failed listening on port ${busPort} (cluster), aborting. ${messageOf(error)}`);
    });
    this.machine.refreshMyself();
    this.machine.settle();
    this.#timer = clock.every(TICK_MS, () => this.machine.tick());
  }

  get myId(): string {
    return this.machine.core.state.myself.id;
  }

  route: Cluster['route'] = (client, commands, writes) => this.#router.route(client, commands, writes);

  redirectBlocked: Cluster['redirectBlocked'] = (client, key, writes) =>
    this.#router.redirectBlocked(client, key, writes);

  routeKey: Cluster['routeKey'] = (client, command, key, writes) =>
    this.#router.routeKey(client, command.row, key, writes);

  get isReplica(): boolean {
    return this.machine.core.state.myself.isReplica;
  }

  verifyData(): void {
    if (adoptSlotsWithKeys(this.machine.core)) this.machine.core.host.save();
  }

  ownsSlot(slot: number): boolean {
    const { state } = this.machine.core;
    return state.owner(slot) === state.myself;
  }

  infoLines(): string[] {
    return infoLines(this.machine.core);
  }

  publish(channel: string, message: string, sharded: boolean): void {
    publish(this.machine.core, channel, message, sharded);
  }

  settle(): void {
    if (!this.#closed) this.machine.settle();
  }

  saveConfig(): string | undefined {
    try {
      this.machine.core.host.save();
      return undefined;
    } catch (error) {
      return systemErrorText(error);
    }
  }

  get waitingBytes(): number {
    return this.#links.waitingBytes;
  }

  killLinks(direction: 'to' | 'from' | 'all', nodeId: string): boolean {
    const node = this.machine.core.state.node(nodeId);
    if (node === undefined) return false;
    if (direction !== 'from') node.link?.close();
    if (direction !== 'to') node.inboundLink?.close();
    return true;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.machine.core.saveDue !== undefined) this.saveConfig();
    this.#closed = true;
    this.#timer?.cancel();
    if (this.#settling !== undefined) clearImmediate(this.#settling);
    await this.#links.close();
    this.#file.release();
  }

  get #database(): Database {
    return this.#parts.databases[0] as Database;
  }

  #host(deps: ClusterDeps, state: ClusterState): BusHost {
    const parts = deps.parts;
    const database = (): Database => this.#database;
    return {
      log: parts.log,
      dial: (ip, port, link: BusLink) => this.#links.dial(ip, port, link),
      save: () => this.#file.write(formatNodesConf(state)),
      fatal: (message) => {
        parts.log('warning', message);
        deps.fatal();
      },
      wake: () => this.#settleSoon(),
      countKeysInSlot: (slot) => database().countInSlot(slot),
      deleteKeysInSlots: (slots) => deleteKeys(parts, slots),
      deleteAllKeys: () => {
        database().clear();
        parts.dispatch.databasesFlushed();
      },
      get following() {
        return parts.replication.master;
      },
      follow: (master) => parts.replication.follow(master),
      get replicationOffset() {
        return offsetOf(parts);
      },
      get dataAgeMs() {
        return dataAgeOf(parts);
      },
      pauseWrites: (untilMs) => parts.dispatch.pause('failover', 'write', untilMs),
      resumeWrites: () => parts.dispatch.unpause('failover'),
      deliver: (channel, message, sharded) => void parts.pubsub.publish(channel, message, sharded),
    };
  }

  /** After all that has arrived in this turn of the event loop: one write of the file serves many messages. */
  #settleSoon(): void {
    if (this.#closed || this.#settling !== undefined) return;
    this.#settling = setImmediate(() => {
      this.#settling = undefined;
      this.settle();
    });
  }

  #watchDirectives(): void {
    const { config } = this.#parts;
    const { core } = this.machine;
    config.onChange('cluster-announce-ip', () => {
      core.state.myself.ip = config.text('cluster-announce-ip');
    });
    for (const name of [
      'cluster-announce-port',
      'cluster-announce-tls-port',
      'cluster-announce-bus-port',
      'cluster-announce-hostname',
      'cluster-replica-no-failover',
    ])
      config.onChange(name, () => this.machine.refreshMyself());
    config.onChange('cluster-require-full-coverage', () => core.updateStateSoon());
  }
}

function loadState(file: ConfFile, parts: NodeParts): { state: ClusterState; isNew: boolean } {
  const { clock, random, log, config } = parts;
  const announcedIp = config.text('cluster-announce-ip');
  const text = file.read();
  try {
    const isNew = text === undefined;
    const state = isNew
      ? new ClusterState(new ClusterNode(random.hex(40), nodeFlag.myself | nodeFlag.master, clock.nowMs()))
      : parseNodesConf(text, clock.nowMs());
    if (announcedIp !== '') state.myself.ip = announcedIp;
    log(
      'notice',
      isNew
        ? `No cluster configuration found, I'm ${state.myself.id}`
        : `Node configuration loaded, I'm ${state.myself.id}`,
    );
    return { state, isNew };
  } catch (error) {
    if (!(error instanceof NodesTextError)) throw error;
    throw new ConfFileError(`Unrecoverable error: corrupted cluster config file. ${error.message}`);
  }
}

/** While a replica takes its master's whole data set it has none to show: the others do not list it then. */
function offsetOf({ replication }: NodeParts): number {
  return replication.role === 'replica' && replication.loading ? 0 : replication.offset;
}

/** What is being loaded is not there yet, whatever was there before. */
function dataAgeOf({ replication, clock }: NodeParts): number {
  if (replication.loading) return Number.POSITIVE_INFINITY;
  const sinceMs = replication.linkUp ? replication.masterLastIoMs : replication.masterDownSinceMs;
  return sinceMs === 0 ? Number.POSITIVE_INFINITY : clock.nowMs() - sinceMs;
}

/** Replicas of this node learn of it too: they follow this node's keys, not its slots. */
function deleteKeys(parts: NodeParts, slots: readonly number[]): void {
  const database = parts.databases[0] as Database;
  for (const slot of slots) {
    for (const key of database.keysInSlot(slot, database.countInSlot(slot))) {
      if (database.delete(key)) parts.propagation.feed(database.index, ['DEL', key]);
    }
  }
}
