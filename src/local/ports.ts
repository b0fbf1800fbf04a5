/**
 * Owns the choice of ports for a local cluster: each node needs its client port and its bus port, 10000 above.
 * A port is probed by listening on it, so the answer is true at that moment only.
 */
import { createServer } from 'node:net';
import { TribError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';

/** The bus port of a node is this far above its client port. Source: Redis cluster.h CLUSTER_PORT_INCR. */
export const BUS_PORT_OFFSET = 10_000;

/**
 * Client ports that are drawn at random. Below the ports that systems give to outgoing connections (from 32768),
 * with their bus ports, so that no connection takes one between the probe and the start.
 */
const randomPorts = { first: 10_000, count: 12_000 };
const highestPort = 65_535;

export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** `count` ports from `first` on. Throws a TribError that names the first one that is taken. */
export async function portsFrom(first: number, count: number): Promise<number[]> {
  if (first + count - 1 + BUS_PORT_OFFSET > highestPort) {
    throw new TribError(
      'usage',
      `Ports ${first} to ${first + count - 1} leave no room for the bus ports 10000 above them.`,
      {
        hint: `Use --port ${highestPort - BUS_PORT_OFFSET - count + 1} or lower, or --port 0 for free ones.`,
      },
    );
  }
  const ports = Array.from({ length: count }, (_, index) => first + index);
  for (const port of ports) {
    for (const [taken, what] of [
      [port, 'port'],
      [port + BUS_PORT_OFFSET, 'bus port'],
    ] as const) {
      if (!(await isPortFree(taken))) {
        throw new TribError('failed', `The ${what} ${taken} on 127.0.0.1 is taken by another program.`, {
          hint: 'Choose another --port, or --port 0 for free ones.',
        });
      }
    }
  }
  return ports;
}

/** `count` ports that are free, each with its bus port. */
export async function freePorts(count: number, random: Random): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; tries < 100 * count && found.size < count; tries++) {
    const port = randomPorts.first + random.below(randomPorts.count);
    if (found.has(port)) continue;
    // A client port must not be another node's bus port.
    if (found.has(port - BUS_PORT_OFFSET) || found.has(port + BUS_PORT_OFFSET)) continue;
    if ((await isPortFree(port)) && (await isPortFree(port + BUS_PORT_OFFSET))) found.add(port);
  }
  if (found.size < count) throw new TribError('failed', `No ${count} free ports were found on 127.0.0.1.`);
  return [...found].sort((a, b) => a - b);
}
