/**
 * Owns single servers outside a cluster for tests: a redis-server process, or a node of this process, on a free port; and
 * the comparison of what two of them hold.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/core/random.ts';
import { freePorts } from '../../src/local/ports.ts';
import { type RunningNode, startNode } from '../../src/node/node.ts';
import { RawConnection } from './raw-connection.ts';
import { until } from './servers.ts';

export type StandaloneEngine = 'redis-server' | 'bundled';

export interface Standalone {
  readonly engine: StandaloneEngine;
  readonly port: number;
  /** A connection that is open from the beginning. */
  readonly client: RawConnection;
  /** Of a bundled one. */
  readonly node: RunningNode | undefined;
  /** Lines of a bundled one's log. */
  readonly log: readonly string[];
  /** A line "name:value" of INFO, without the name. */
  info(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** `directives` as on the command line: "--name", "value", ... */
export async function startStandalone(
  engine: StandaloneEngine,
  directives: readonly string[] = [],
): Promise<Standalone> {
  const dir = mkdtempSync(join(tmpdir(), 'trib-standalone-'));
  const argv = ['--dir', dir, '--save', '', '--enable-debug-command', 'yes', ...directives];
  const log: string[] = [];
  let node: RunningNode | undefined;
  let redis: ChildProcess | undefined;
  let client: RawConnection | undefined;
  const stop = async (): Promise<void> => {
    client?.close();
    await node?.close();
    if (redis && redis.exitCode === null && redis.signalCode === null) {
      const ended = once(redis, 'exit');
      redis.kill('SIGKILL');
      await ended;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    // With a free bus port too, for cluster mode.
    const [port = 0] = await freePorts(1, systemRandom);
    if (engine === 'bundled') {
      node = await startNode({
        argv: [...argv, '--port', String(port)],
        log: (line) => log.push(line.trimEnd()),
      });
    } else {
      redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', ...argv], {
        stdio: 'ignore',
      });
      await until(async () => {
        client = await RawConnection.open(port).catch(() => undefined);
        return client !== undefined;
      }, 'redis-server to answer');
    }
    const opened = client ?? (await RawConnection.open(port));
    client = opened;
    return {
      engine,
      port,
      client: opened,
      node,
      log,
      stop,
      async info(name) {
        const text = await opened.text('INFO', 'everything');
        return new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1] ?? '';
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** All keys of a database with their values and absolute times to live, as text that can be compared; bytes as hex. */
export async function contentsOf(client: RawConnection, db = 0): Promise<Map<string, string>> {
  await client.text('SELECT', db);
  const keys: Buffer[] = [];
  let cursor = '0';
  do {
    const reply = (await client.call('SCAN', cursor, 'COUNT', 1000)) as [Buffer, Buffer[]];
    cursor = String(reply[0]);
    keys.push(...reply[1]);
  } while (cursor !== '0');
  const contents = new Map<string, string>();
  for (let at = 0; at < keys.length; at += 1000) {
    const part = keys.slice(at, at + 1000);
    const replies = await client.pipeline(
      part.flatMap((key) => [
        ['GET', key],
        ['PEXPIRETIME', key],
      ]),
    );
    for (const [index, key] of part.entries()) {
      const value = replies[2 * index];
      // It may have expired since it was listed.
      if (Buffer.isBuffer(value))
        contents.set(key.toString('hex'), `${value.toString('hex')} ${String(replies[2 * index + 1])}`);
    }
  }
  await client.text('SELECT', 0);
  return contents;
}

/** What differs between two such contents, shortly. Keys that expire just now are not looked at. */
export function differences(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[] {
  const soonMs = Date.now() + 2000;
  const expiresSoon = (text = ''): boolean => {
    const atMs = Number(text.split(' ')[1] ?? -1);
    return atMs > 0 && atMs < soonMs;
  };
  const short = (text = 'absent'): string =>
    text.length > 80 ? `${text.slice(0, 40)}...${text.slice(-40)}` : text;
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((key) => expected.get(key) !== found.get(key))
    .filter((key) => !expiresSoon(expected.get(key)) && !expiresSoon(found.get(key)))
    .map((key) => `${key}: ${short(expected.get(key))} / ${short(found.get(key))}`);
}
