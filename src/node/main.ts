/**
 * Owns the process of a node: the command line, signals, the pid file, the title, the exit code.
 * Source: Redis server.c main, sigShutdownHandler, redisSetProcTitle, createPidFile.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from './config/load.ts';
import { toPath } from './config/special.ts';
import { expandTitle } from './config/title.ts';
import { NodeStartError, type RunningNode, startNode } from './node.ts';
import { stdoutWriter } from './observe/log.ts';
import { redisVersion } from './observe/version.ts';

const usage = `Usage: trib-node [/path/to/redis.conf] [options] [-]
       trib-node - (read config from stdin)
       trib-node -v or --version
       trib-node -h or --help

Examples:
       trib-node (run the server with default conf)
       echo 'maxmemory 128mb' | trib-node -
       trib-node /etc/redis/6379.conf
       trib-node --port 7777
       trib-node --port 7777 --replicaof 127.0.0.1 8888
       trib-node /etc/myredis.conf --loglevel verbose -
       trib-node --port 7000 --cluster-enabled yes --dir /var/lib/node
`;

function title(node: RunningNode, argv: readonly string[]): string | undefined {
  const { config } = node.parts;
  const addresses = config.text('bind').split(' ');
  const first = addresses[0] ?? '';
  const host = first === '' ? '*' : first.replace(/^-/, '');
  const unix = config.text('unixsocket');
  const port = node.port || node.parts.tlsPort;
  return expandTitle(toPath(config.text('proc-title-template')), (variable) => {
    switch (variable) {
      case 'title':
        return 'trib-node';
      case 'listen-addr':
        return port > 0 ? `${host}:${port}` : unix;
      case 'server-mode':
        return config.flag('cluster-enabled') ? '[cluster]' : '';
      case 'port':
        return String(config.number('port'));
      case 'tls-port':
        return String(config.number('tls-port'));
      case 'unixsocket':
        return unix;
      case 'config-file':
        return argv[0] !== undefined && !argv[0].startsWith('-') ? resolve(argv[0]) : '';
    }
  });
}

/** As much of it as the room of the command line takes. */
function showTitle(node: RunningNode, argv: readonly string[]): void {
  const { config } = node.parts;
  if (!config.flag('set-proc-title')) return;
  const show = (): void => {
    process.title = title(node, argv) ?? process.title;
  };
  show();
  config.onChange('proc-title-template', show);
}

function keepPidFile(node: RunningNode): void {
  const { config, log } = node.parts;
  const given = config.text('pidfile');
  if (given === '') return;
  const path = resolve(toPath(config.text('dir')), toPath(given));
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (reason) {
    log('verbose', `The pid file cannot be written: ${reason instanceof Error ? reason.message : reason}`);
    return;
  }
  process.on('exit', () => rmSync(path, { force: true }));
}

function followSignals(node: RunningNode): void {
  const { log, config, server, persistence } = node.parts;
  const stop = (signal: 'SIGTERM' | 'SIGINT'): void => {
    if (signal === 'SIGINT' && server.stopping.inProgress) {
      log('warning', 'You insist... exiting now.');
      persistence.abandon();
      process.exit(1);
    }
    log(
      'warning',
      node.parts.loading
        ? 'Received shutdown signal during loading, scheduling shutdown.'
        : `Received ${signal} scheduling shutdown...`,
    );
    const words = config.text(signal === 'SIGTERM' ? 'shutdown-on-sigterm' : 'shutdown-on-sigint').split(' ');
    const wants = (word: string): boolean => words.includes(word);
    server.stopping.schedule({
      save: wants('save'),
      nosave: wants('nosave'),
      now: wants('now'),
      force: wants('force'),
    });
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => {});
}

/** Runs a node until it ends; resolves then, with the exit code in process.exitCode. `argv` without the program. */
export async function main(argv: string[]): Promise<void> {
  const first = argv[0];
  if (first === '-v' || first === '--version') {
    process.stdout.write(
      `trib-node: Redis server v=${redisVersion} sha=00000000:0 malloc=v8 bits=64 build=0\n`,
    );
    return;
  }
  if (first === '-h' || first === '--help') {
    process.stderr.write(usage);
    process.exitCode = 1;
    return;
  }
  let node: RunningNode;
  try {
    node = await startNode({
      argv,
      log: stdoutWriter(),
      onListening: (listening) => {
        showTitle(listening, argv);
        keepPidFile(listening);
        followSignals(listening);
      },
    });
  } catch (reason) {
    if (reason instanceof ConfigError) process.stderr.write(Buffer.from(reason.report, 'latin1'));
    else if (!(reason instanceof NodeStartError)) throw reason;
    process.exitCode = 1;
    return;
  }
  const exitCode = await node.ended;
  process.exit(exitCode);
}
