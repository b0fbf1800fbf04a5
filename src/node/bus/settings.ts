/**
 * Owns what the directives say to the bus, and the ports that this node announces.
 * Source: Redis 7.0 cluster.c deriveAnnouncedPorts.
 */
import type { NodeParts } from '../parts/node.ts';
import type { BusSettings } from './bus-core.ts';

/** The bus listens so far above the client port, unless cluster-port says otherwise. Source: CLUSTER_PORT_INCR. */
export const BUS_PORT_OFFSET = 10_000;

export function listeningBusPort(parts: NodeParts): number {
  return parts.config.number('cluster-port') || clientPort(parts) + BUS_PORT_OFFSET;
}

/** The port that stands for this node in the cluster. */
export function clientPort({ config, port, tlsPort }: NodeParts): number {
  return config.flag('tls-cluster') ? tlsPort : port;
}

/** With TLS in the cluster, the plain port stands beside it. */
function announcedPorts(parts: NodeParts): { readonly port: number; readonly plainPort: number } {
  const { config } = parts;
  const isTls = config.flag('tls-cluster');
  const announced = config.number('cluster-announce-port');
  const announcedTls = config.number('cluster-announce-tls-port');
  if (isTls && announcedTls !== 0) return { port: announcedTls, plainPort: announced };
  return { port: announced || clientPort(parts), plainPort: isTls ? parts.port : 0 };
}

/** Read anew at each use: directives change at run time, and the client port is known once it is open. */
export function settingsOf(parts: NodeParts): BusSettings {
  const { config } = parts;
  return {
    get nodeTimeoutMs() {
      return config.number('cluster-node-timeout');
    },
    get port() {
      return announcedPorts(parts).port;
    },
    get plainPort() {
      return announcedPorts(parts).plainPort;
    },
    get followsPlainPort() {
      return config.flag('tls-cluster') && !config.flag('tls-replication');
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
