/** Owns the command line that starts a node of a local cluster, for each engine. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TribError } from '../core/errors.ts';

export const engines = ['bundled', 'redis-server'] as const;
export type Engine = (typeof engines)[number];

export interface NodeSettings {
  readonly port: number;
  readonly nodeTimeoutMs: number;
  /** Further directives of redis.conf: name and value. */
  readonly directives: readonly (readonly [string, string])[];
}

/** Program and arguments. The node runs in its own folder and keeps nothing on disk but nodes.conf, unless a directive says so. */
export function nodeCommand(engine: Engine, settings: NodeSettings): string[] {
  const program = engine === 'bundled' ? [process.execPath, bundledNodeScript()] : ['redis-server'];
  const directives: (readonly [string, string])[] = [
    ['port', String(settings.port)],
    ['bind', '127.0.0.1'],
    ['cluster-enabled', 'yes'],
    ['cluster-node-timeout', String(settings.nodeTimeoutMs)],
    ['save', ''],
    ['appendonly', 'no'],
    // The default waits five seconds for more replicas to come before it sends the first snapshot.
    ['repl-diskless-sync-delay', '0'],
    ...settings.directives,
  ];
  return [...program, ...directives.flatMap(([name, value]) => [`--${name}`, value])];
}

/** bin/trib-node.js of this package, from the built code as from the sources. */
function bundledNodeScript(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const script = join(dir, 'bin', 'trib-node.js');
    if (existsSync(script) && existsSync(join(dir, 'package.json'))) return script;
    if (dirname(dir) === dir)
      throw new TribError('failed', 'This installation of trib lacks bin/trib-node.js.');
  }
}
