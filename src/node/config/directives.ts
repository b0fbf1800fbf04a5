/**
 * Owns the table of directives: name, alias, kind, default, and who may change it when. Every directive of Redis 7.0
 * has its row; `noEffect` marks what is about the insides of a C program and only kept.
 * Source: Redis 7.0 config.c static_configs.
 */
import { anyOf, clamped, type Kind, numeric, oneOf, text, yesNo } from './kinds.ts';
import {
  bind,
  clientOutputBufferLimit,
  dir,
  notifyKeyspaceEvents,
  oomScoreAdjValues,
  percentiles,
  replicaOf,
  save,
} from './special.ts';
import { checkTitleTemplate } from './title.ts';

export interface DirectiveOptions {
  /** An older name that still works. */
  readonly alias?: string;
  /** Only before the start. */
  readonly immutable?: boolean;
  /** CONFIG GET shows it by its exact name only. */
  readonly hidden?: boolean;
  /** Its value must not reach a log or MONITOR. */
  readonly sensitive?: boolean;
  /** CONFIG SET needs enable-protected-configs. */
  readonly protected?: boolean;
  /** Names a file whose contents count: the same value again puts what is in it now to work. */
  readonly volatile?: boolean;
  /** Takes several arguments. */
  readonly multiArg?: boolean;
  /** Not while a data set is being loaded. */
  readonly denyLoading?: boolean;
  /** Accepted and shown, but nothing here depends on it. */
  readonly noEffect?: boolean;
}

export interface Directive extends DirectiveOptions {
  readonly name: string;
  readonly kind: Kind;
}

const INT_MAX = 2147483647;
const INT_MIN = -2147483648;
const UINT_MAX = 4294967295;
const LONG_MAX = 9223372036854775807n;

function row(name: string, kind: Kind, options: DirectiveOptions = {}): Directive {
  return { name, kind, ...options };
}

const refuseDefrag = (on: boolean): string | undefined =>
  on
    ? 'Active defragmentation cannot be enabled: the memory of this node is not its own to arrange'
    : undefined;

function checkBaseName(directive: string, what: string, mayBeEmpty: boolean) {
  return (value: string): string | undefined => {
    if (value === '' && !mayBeEmpty) return `${directive} can't be empty`;
    return /[/\\]/.test(value) ? `${directive} can't be a path, just a ${what}` : undefined;
  };
}

function checkHostname(value: string): string | undefined {
  if (value.length >= 256) return 'Hostnames must be less than 256 characters';
  return /^[A-Za-z0-9.-]*$/.test(value)
    ? undefined
    : 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

function checkShutdownFlags(chosen: readonly string[]): string | undefined {
  return chosen.includes('save') && chosen.includes('nosave')
    ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
    : undefined;
}

/** Made anew for each node: the default of `dir` is the working directory of the moment. */
export function directiveTable(): readonly Directive[] {
  return [
    // Sockets
    row('port', numeric('integer', 6379, 0, 65535)),
    row('bind', bind(), { multiArg: true }),
    row('bind-source-addr', text('', { emptyIsNone: true })),
    row('unixsocket', text('', { emptyIsNone: true }), { immutable: true }),
    row('unixsocketperm', numeric('octal', 0, 0, 0o777), { immutable: true }),
    row('tcp-backlog', numeric('integer', 511, 0, INT_MAX), { immutable: true }),
    row('tcp-keepalive', numeric('integer', 300, 0, INT_MAX)),
    row('timeout', numeric('integer', 0, 0, INT_MAX)),
    row('maxclients', numeric('integer', 10000, 1, UINT_MAX)),
    row('protected-mode', yesNo(true)),
    row('socket-mark-id', numeric('integer', 0, 0, UINT_MAX), { immutable: true, noEffect: true }),

    // The process
    row('daemonize', yesNo(false), { immutable: true, noEffect: true }),
    row('pidfile', text('', { emptyIsNone: true }), { immutable: true }),
    row('supervised', oneOf('no', ['upstart', 'systemd', 'auto', 'no']), { immutable: true, noEffect: true }),
    row('set-proc-title', yesNo(true), { immutable: true }),
    row('proc-title-template', text('{title} {listen-addr} {server-mode}', { check: checkTitleTemplate })),
    row('always-show-logo', yesNo(false), { immutable: true, noEffect: true }),
    row('shutdown-timeout', numeric('integer', 10, 0, INT_MAX)),
    row('shutdown-on-sigint', anyOf('default', ['save', 'nosave', 'now', 'force'], checkShutdownFlags), {
      multiArg: true,
    }),
    row('shutdown-on-sigterm', anyOf('default', ['save', 'nosave', 'now', 'force'], checkShutdownFlags), {
      multiArg: true,
    }),
    row('crash-log-enabled', yesNo(true), { noEffect: true }),
    row('crash-memcheck-enabled', yesNo(true), { noEffect: true }),
    row('use-exit-on-panic', yesNo(false), { hidden: true, noEffect: true }),
    row('watchdog-period', numeric('integer', 0, 0, INT_MAX), { hidden: true, noEffect: true }),
    row('disable-thp', yesNo(true), { immutable: true, noEffect: true }),
    row('oom-score-adj', oneOf('no', ['no', 'yes', 'relative', 'absolute'], { same: { relative: 'yes' } }), {
      noEffect: true,
    }),
    row('oom-score-adj-values', oomScoreAdjValues(), { multiArg: true, noEffect: true }),
    row('server_cpulist', text('', { emptyIsNone: true }), { immutable: true, noEffect: true }),
    row('bio_cpulist', text('', { emptyIsNone: true }), { immutable: true, noEffect: true }),
    row('aof_rewrite_cpulist', text('', { emptyIsNone: true }), { immutable: true, noEffect: true }),
    row('bgsave_cpulist', text('', { emptyIsNone: true }), { immutable: true, noEffect: true }),
    row('io-threads', numeric('integer', 1, 1, 128), { immutable: true, noEffect: true }),
    row('io-threads-do-reads', yesNo(false), { immutable: true, noEffect: true }),
    row('ignore-warnings', text('')),
    row('hz', clamped(numeric('integer', 10, 0, INT_MAX), 1, 500)),
    row('dynamic-hz', yesNo(true), { noEffect: true }),

    // The log
    row('loglevel', oneOf('notice', ['debug', 'verbose', 'notice', 'warning'])),
    row('logfile', text(''), { immutable: true }),
    row('syslog-enabled', yesNo(false), { immutable: true, noEffect: true }),
    row('syslog-ident', text('redis'), { immutable: true, noEffect: true }),
    row(
      'syslog-facility',
      oneOf('local0', [
        'user',
        'local0',
        'local1',
        'local2',
        'local3',
        'local4',
        'local5',
        'local6',
        'local7',
      ]),
      { immutable: true, noEffect: true },
    ),

    // Who may do what
    row('requirepass', text('', { emptyIsNone: true }), { sensitive: true }),
    row('masteruser', text('', { emptyIsNone: true }), { sensitive: true }),
    row('masterauth', text('', { emptyIsNone: true }), { sensitive: true }),
    row('aclfile', text(''), { immutable: true }),
    row('acl-pubsub-default', oneOf('resetchannels', ['allchannels', 'resetchannels'])),
    row('acllog-max-len', numeric('integer', 128, 0, LONG_MAX)),
    row('enable-protected-configs', oneOf('no', ['no', 'yes', 'local']), { immutable: true }),
    row('enable-debug-command', oneOf('no', ['no', 'yes', 'local']), { immutable: true }),
    row('enable-module-command', oneOf('no', ['no', 'yes', 'local']), { immutable: true }),

    // Clients
    row('client-output-buffer-limit', clientOutputBufferLimit(), { multiArg: true }),
    row('client-query-buffer-limit', numeric('memory', 1024 * 1024 * 1024, 1024 * 1024, LONG_MAX)),
    row('maxmemory-clients', numeric('memory or percent', 0, -100, LONG_MAX)),
    row('proto-max-bulk-len', numeric('memory', 512 * 1024 * 1024, 1024 * 1024, LONG_MAX)),
    row('tracking-table-max-keys', numeric('integer', 1000000, 0, LONG_MAX)),
    row('busy-reply-threshold', numeric('integer', 5000, 0, LONG_MAX), { alias: 'lua-time-limit' }),

    // Keys and memory
    row('databases', numeric('integer', 16, 1, INT_MAX), { immutable: true }),
    row('notify-keyspace-events', notifyKeyspaceEvents()),
    row('active-expire-effort', numeric('integer', 1, 1, 10)),
    row('activerehashing', yesNo(true), { noEffect: true }),
    row('maxmemory', numeric('memory', 0, 0, LONG_MAX)),
    row(
      'maxmemory-policy',
      oneOf('noeviction', [
        'volatile-lru',
        'volatile-lfu',
        'volatile-random',
        'volatile-ttl',
        'allkeys-lru',
        'allkeys-lfu',
        'allkeys-random',
        'noeviction',
      ]),
    ),
    row('maxmemory-samples', numeric('integer', 5, 1, INT_MAX)),
    row('maxmemory-eviction-tenacity', numeric('integer', 10, 0, 100)),
    row('lfu-log-factor', numeric('integer', 10, 0, INT_MAX)),
    row('lfu-decay-time', numeric('integer', 1, 0, INT_MAX)),
    row('lazyfree-lazy-eviction', yesNo(false)),
    row('lazyfree-lazy-expire', yesNo(false)),
    row('lazyfree-lazy-server-del', yesNo(false), { noEffect: true }),
    row('lazyfree-lazy-user-del', yesNo(false), { noEffect: true }),
    row('lazyfree-lazy-user-flush', yesNo(false), { noEffect: true }),
    row('jemalloc-bg-thread', yesNo(true), { noEffect: true }),
    row('activedefrag', yesNo(false, refuseDefrag), { noEffect: true }),
    row('active-defrag-cycle-min', numeric('integer', 1, 1, 99), { noEffect: true }),
    row('active-defrag-cycle-max', numeric('integer', 25, 1, 99), { noEffect: true }),
    row('active-defrag-threshold-lower', numeric('integer', 10, 0, 1000), { noEffect: true }),
    row('active-defrag-threshold-upper', numeric('integer', 100, 0, 1000), { noEffect: true }),
    row('active-defrag-ignore-bytes', numeric('memory', 100 << 20, 1, LONG_MAX), { noEffect: true }),
    row('active-defrag-max-scan-fields', numeric('integer', 1000, 1, LONG_MAX), { noEffect: true }),

    // Data types
    row('list-max-listpack-size', numeric('integer', -2, INT_MIN, INT_MAX), {
      alias: 'list-max-ziplist-size',
    }),
    row('list-compress-depth', numeric('integer', 0, 0, INT_MAX)),
    row('hash-max-listpack-entries', numeric('integer', 512, 0, LONG_MAX), {
      alias: 'hash-max-ziplist-entries',
    }),
    row('hash-max-listpack-value', numeric('memory', 64, 0, LONG_MAX), { alias: 'hash-max-ziplist-value' }),
    row('set-max-intset-entries', numeric('integer', 512, 0, LONG_MAX)),
    row('zset-max-listpack-entries', numeric('integer', 128, 0, LONG_MAX), {
      alias: 'zset-max-ziplist-entries',
    }),
    row('zset-max-listpack-value', numeric('memory', 64, 0, LONG_MAX), { alias: 'zset-max-ziplist-value' }),
    row('hll-sparse-max-bytes', numeric('memory', 3000, 0, LONG_MAX)),
    row('stream-node-max-bytes', numeric('memory', 4096, 0, LONG_MAX)),
    row('stream-node-max-entries', numeric('integer', 100, 0, LONG_MAX)),

    // Files of the data set
    row('dir', dir(), { protected: true, denyLoading: true }),
    row('dbfilename', text('dump.rdb', { check: checkBaseName('dbfilename', 'filename', true) }), {
      protected: true,
    }),
    row('save', save(), { multiArg: true }),
    row('rdbcompression', yesNo(true)),
    row('rdbchecksum', yesNo(true), { immutable: true }),
    row('rdb-del-sync-files', yesNo(false)),
    row('rdb-save-incremental-fsync', yesNo(true)),
    row('stop-writes-on-bgsave-error', yesNo(true)),
    row('sanitize-dump-payload', oneOf('no', ['no', 'yes', 'clients'])),
    row('appendonly', yesNo(false), { denyLoading: true }),
    row(
      'appendfilename',
      text('appendonly.aof', { check: checkBaseName('appendfilename', 'filename', false) }),
      { immutable: true },
    ),
    row('appenddirname', text('appendonlydir', { check: checkBaseName('appenddirname', 'dirname', false) }), {
      immutable: true,
    }),
    row('appendfsync', oneOf('everysec', ['everysec', 'always', 'no'])),
    row('no-appendfsync-on-rewrite', yesNo(false)),
    row('auto-aof-rewrite-percentage', numeric('integer', 100, 0, INT_MAX)),
    row('auto-aof-rewrite-min-size', numeric('memory', 64 * 1024 * 1024, 0, LONG_MAX)),
    row('aof-load-truncated', yesNo(true)),
    row('aof-use-rdb-preamble', yesNo(true)),
    row('aof-timestamp-enabled', yesNo(false)),
    row('aof-rewrite-incremental-fsync', yesNo(true)),
    row('aof-disable-auto-gc', yesNo(false)),
    row('loading-process-events-interval-bytes', numeric('integer', 1024 * 1024 * 2, 1024, INT_MAX), {
      hidden: true,
    }),
    row('rdb-key-save-delay', numeric('integer', 0, INT_MIN, INT_MAX), { hidden: true }),
    row('key-load-delay', numeric('integer', 0, INT_MIN, INT_MAX), { hidden: true }),

    // Replication
    row('replicaof', replicaOf(), { alias: 'slaveof', immutable: true, multiArg: true }),
    row('replica-read-only', yesNo(true), { alias: 'slave-read-only' }),
    row('replica-serve-stale-data', yesNo(true), { alias: 'slave-serve-stale-data' }),
    row('replica-lazy-flush', yesNo(false), { alias: 'slave-lazy-flush' }),
    row('replica-priority', numeric('integer', 100, 0, INT_MAX), { alias: 'slave-priority' }),
    row('replica-announced', yesNo(true)),
    row('replica-announce-ip', text('', { emptyIsNone: true }), { alias: 'slave-announce-ip' }),
    row('replica-announce-port', numeric('integer', 0, 0, 65535), { alias: 'slave-announce-port' }),
    row('replica-ignore-maxmemory', yesNo(true), { alias: 'slave-ignore-maxmemory' }),
    row('replica-ignore-disk-write-errors', yesNo(false)),
    row('repl-diskless-sync', yesNo(true)),
    row('repl-diskless-sync-delay', numeric('integer', 5, 0, INT_MAX)),
    row('repl-diskless-sync-max-replicas', numeric('integer', 0, 0, INT_MAX)),
    row('repl-diskless-load', oneOf('disabled', ['disabled', 'on-empty-db', 'swapdb']), {
      denyLoading: true,
    }),
    row('repl-disable-tcp-nodelay', yesNo(false)),
    row('repl-timeout', numeric('integer', 60, 1, INT_MAX)),
    row('repl-ping-replica-period', numeric('integer', 10, 1, INT_MAX), { alias: 'repl-ping-slave-period' }),
    row('repl-backlog-size', numeric('memory', 1024 * 1024, 1, LONG_MAX)),
    row('repl-backlog-ttl', numeric('integer', 60 * 60, 0, LONG_MAX)),
    row('min-replicas-to-write', numeric('integer', 0, 0, INT_MAX), { alias: 'min-slaves-to-write' }),
    row('min-replicas-max-lag', numeric('integer', 10, 0, INT_MAX), { alias: 'min-slaves-max-lag' }),
    row('propagation-error-behavior', oneOf('ignore', ['ignore', 'panic', 'panic-on-replicas'])),

    // Cluster
    row('cluster-enabled', yesNo(false), { immutable: true }),
    row('cluster-config-file', text('nodes.conf'), { immutable: true }),
    row('cluster-node-timeout', numeric('integer', 15000, 0, LONG_MAX)),
    row('cluster-port', numeric('integer', 0, 0, 65535), { immutable: true }),
    row('cluster-announce-ip', text('', { emptyIsNone: true })),
    row('cluster-announce-hostname', text('', { emptyIsNone: true, check: checkHostname })),
    row('cluster-announce-port', numeric('integer', 0, 0, 65535)),
    row('cluster-announce-bus-port', numeric('integer', 0, 0, 65535)),
    row('cluster-announce-tls-port', numeric('integer', 0, 0, 65535)),
    row('cluster-preferred-endpoint-type', oneOf('ip', ['ip', 'hostname', 'unknown-endpoint'])),
    row('cluster-require-full-coverage', yesNo(true)),
    row('cluster-allow-reads-when-down', yesNo(false)),
    row('cluster-allow-pubsubshard-when-down', yesNo(true)),
    row('cluster-allow-replica-migration', yesNo(true)),
    row('cluster-migration-barrier', numeric('integer', 1, 0, INT_MAX)),
    row('cluster-replica-validity-factor', numeric('integer', 10, 0, INT_MAX), {
      alias: 'cluster-slave-validity-factor',
    }),
    row('cluster-replica-no-failover', yesNo(false), { alias: 'cluster-slave-no-failover' }),
    row('cluster-link-sendbuf-limit', numeric('memory', 0, 0, LONG_MAX)),

    // Looking in
    row('slowlog-log-slower-than', numeric('integer', 10000, -1, LONG_MAX)),
    row('slowlog-max-len', numeric('integer', 128, 0, LONG_MAX)),
    row('latency-monitor-threshold', numeric('integer', 0, 0, LONG_MAX)),
    row('latency-tracking', yesNo(true)),
    row('latency-tracking-info-percentiles', percentiles(), { multiArg: true }),

    // TLS
    row('tls-port', numeric('integer', 0, 0, 65535)),
    row('tls-session-cache-size', numeric('integer', 20 * 1024, 0, INT_MAX), { noEffect: true }),
    row('tls-session-cache-timeout', numeric('integer', 300, 0, INT_MAX)),
    row('tls-cluster', yesNo(false)),
    row('tls-replication', yesNo(false)),
    row('tls-auth-clients', oneOf('yes', ['no', 'yes', 'optional'])),
    row('tls-prefer-server-ciphers', yesNo(false)),
    row('tls-session-caching', yesNo(true)),
    row('tls-cert-file', text('', { emptyIsNone: true }), { volatile: true }),
    row('tls-key-file', text('', { emptyIsNone: true }), { volatile: true }),
    row('tls-key-file-pass', text('', { emptyIsNone: true }), { sensitive: true }),
    row('tls-client-cert-file', text('', { emptyIsNone: true }), { volatile: true }),
    row('tls-client-key-file', text('', { emptyIsNone: true }), { volatile: true }),
    row('tls-client-key-file-pass', text('', { emptyIsNone: true }), { sensitive: true }),
    row('tls-dh-params-file', text('', { emptyIsNone: true }), { volatile: true }),
    row('tls-ca-cert-file', text('', { emptyIsNone: true }), { volatile: true }),
    row('tls-ca-cert-dir', text('', { emptyIsNone: true }), { volatile: true }),
    row('tls-protocols', text('', { emptyIsNone: true })),
    row('tls-ciphers', text('', { emptyIsNone: true })),
    row('tls-ciphersuites', text('', { emptyIsNone: true })),
  ];
}
