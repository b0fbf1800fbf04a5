/**
 * Owns what the directives say to the bus, and the ports that this node announces.
 * Source: Redis 7.0 cluster.c deriveAnnouncedPorts.
 */
import type { NodeParts } from '../parts/node.ts';
import type { BusSettings } from './bus-core.ts';

/** The bus listens so far above the client port, unless cluster-port says otherwise. Source: CLUSTER_PORT_INCR. */
export const BUS_PORT_OFFSET = 10_000;

export function listeningBusPort({ config, port }: NodeParts): number {
  return config.number('cluster-port') || port + BUS_PORT_OFFSET;
}

/** Read anew at each use: directives change at run time, and the client port is known once it is open. */
export function settingsOf(parts: NodeParts): BusSettings {
  const { config } = parts;
  return {
    get nodeTimeoutMs() {
      return config.number('cluster-node-timeout');
    },
    get port() {
      return config.number('cluster-announce-port') || parts.port;
    },
    get busPort() {
      return config.number('cluster-announce-bus-port') || listeningBusPort(parts);
    },
    get announceIp() {
      return config.text('cluster-announce-ip');
    },
    get announceHostname() {
      return config.text('cluster-announce-hostname');
    },
    get requireFullCoverage() {
      return config.flag('cluster-require-full-coverage');
    },
    get allowReplicaMigration() {
      return config.flag('cluster-allow-replica-migration');
    },
    get replicaNoFailover() {
      return config.flag('cluster-replica-no-failover');
    },
    get migrationBarrier() {
      return config.number('cluster-migration-barrier');
    },
    get replicaValidityFactor() {
      return config.number('cluster-replica-validity-factor');
    },
    get replicationPingMs() {
      return config.number('repl-ping-replica-period') * 1000;
    },
    get linkSendBufferLimitBytes() {
      return config.number('cluster-link-sendbuf-limit');
    },
  };
}
