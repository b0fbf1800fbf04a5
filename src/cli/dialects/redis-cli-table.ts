/**
 * Owns the tables of redis-cli's command line as far as it concerns `--cluster`: its commands, and which of its options
 * become which flags of trib. Valkey's spellings stand beside Redis's.
 * Source: redis-cli.c (parseOptions, clusterManagerCommands), valkey-cli.c.
 */

/** What becomes of an option: a flag of trib, with the word behind it or without; or nothing. */
export interface Option {
  /** Takes the next word with it. */
  readonly valued: boolean;
  /** Without dashes. Undefined: it is understood, and means nothing here. */
  readonly flag: string | undefined;
}

const toggle = (flag?: string): Option => ({ valued: false, flag });
const valued = (flag?: string): Option => ({ valued: true, flag });

/** Of every command. Those with a meaning beyond a flag (-h, -p, -u, -x, -X) are not here. */
export const commonOptions: Readonly<Record<string, Option>> = {
  '-a': valued('pass'),
  '--pass': valued('pass'),
  '--user': valued('user'),
  '--askpass': toggle('askpass'),
  '--tls': toggle('tls'),
  '--sni': valued('sni'),
  '--cacert': valued('cacert'),
  '--cacertdir': valued('cacertdir'),
  '--cert': valued('cert'),
  '--key': valued('key'),
  '--insecure': toggle('insecure'),
  '--tls-ciphers': valued('tls-ciphers'),
  '--tls-ciphersuites': valued('tls-ciphersuites'),
  // Our own, so that a script may go on from where it is.
  '--json': toggle('json'),
  '--events': toggle('events'),
  '--no-color': toggle('no-color'),
  // How replies look, which protocol and which database: of no meaning to a cluster's administration.
  '--no-auth-warning': toggle(),
  '--raw': toggle(),
  '--no-raw': toggle(),
  '--csv': toggle(),
  '--quoted-input': toggle(),
  '--quoted-json': toggle(),
  '--mono': toggle(),
  '--verbose': toggle(),
  '-c': toggle(),
  '-e': toggle(),
  '-2': toggle(),
  '-3': toggle(),
  '-4': toggle(),
  '-6': toggle(),
  '-n': valued(),
  '-r': valued(),
  '-i': valued(),
  '-d': valued(),
  '-D': valued(),
  '--show-pushes': valued(),
};

/** Options of the cluster manager, without "--cluster-", which all begin with. */
export const clusterOptions: Readonly<Record<string, Option>> = {
  yes: toggle('yes'),
  replicas: valued('replicas'),
  'master-id': valued('master-id'),
  slave: toggle('replica'),
  from: valued('from'),
  to: valued('to'),
  slots: valued('slots'),
  timeout: valued('timeout'),
  pipeline: valued('pipeline'),
  replace: toggle('replace'),
  copy: toggle('copy'),
  threshold: valued('threshold'),
  simulate: toggle('simulate'),
  'use-empty-masters': toggle('use-empty-masters'),
  'only-masters': toggle('masters'),
  'only-replicas': toggle('replicas'),
  'search-multiple-owners': toggle('search-multiple-owners'),
  'fix-with-unreachable-masters': toggle('fix-with-unreachable-masters'),
  'from-user': valued('from-user'),
  'from-pass': valued('from-pass'),
  'from-askpass': toggle('from-askpass'),
};

/** Valkey's words for some of them. */
export const valkeySpellings: Readonly<Record<string, string>> = {
  'primary-id': 'master-id',
  replica: 'slave',
  'use-empty-primaries': 'use-empty-masters',
  'only-primaries': 'only-masters',
  'fix-with-unreachable-primaries': 'fix-with-unreachable-masters',
};

export const clusterPrefix = '--cluster-';

/** Takes every word behind it that has a "=" in it: `--cluster-weight a=1 b=2`. */
export const weightOption = '--cluster-weight';

export interface ClusterCommand {
  /** How many words it takes. */
  readonly least: number;
  readonly most: number;
  /** For its help. */
  readonly words: string;
  /** Of the cluster manager; the others mean nothing to it, and are understood as redis-cli understands them. */
  readonly options: readonly string[];
  /** "asks": --cluster-yes answers its question. "never-asks": it goes ahead. "reads": it changes nothing. */
  readonly consent: 'asks' | 'never-asks' | 'reads';
}

const any = Number.POSITIVE_INFINITY;
const node = 'host:port';

export const clusterCommands: Readonly<Record<string, ClusterCommand>> = {
  create: {
    least: 2,
    most: any,
    words: 'host1:port1 ... hostN:portN',
    options: ['replicas', 'yes'],
    consent: 'asks',
  },
  check: { least: 1, most: 2, words: node, options: ['search-multiple-owners'], consent: 'reads' },
  info: { least: 1, most: 2, words: node, options: [], consent: 'reads' },
  fix: {
    least: 1,
    most: 2,
    words: node,
    options: ['search-multiple-owners', 'fix-with-unreachable-masters', 'timeout', 'pipeline', 'replace'],
    consent: 'never-asks',
  },
  reshard: {
    least: 1,
    most: 2,
    words: node,
    options: ['from', 'to', 'slots', 'yes', 'timeout', 'pipeline', 'replace'],
    consent: 'asks',
  },
  rebalance: {
    least: 1,
    most: 2,
    words: node,
    options: ['weight', 'use-empty-masters', 'timeout', 'simulate', 'pipeline', 'threshold', 'replace'],
    consent: 'never-asks',
  },
  'add-node': {
    least: 2,
    most: 2,
    words: 'new_host:new_port existing_host:existing_port',
    options: ['slave', 'master-id'],
    consent: 'never-asks',
  },
  'del-node': { least: 2, most: 2, words: `${node} node_id`, options: [], consent: 'never-asks' },
  call: {
    least: 2,
    most: any,
    words: `${node} command arg arg .. arg`,
    options: ['only-masters', 'only-replicas'],
    consent: 'reads',
  },
  'set-timeout': { least: 2, most: 2, words: `${node} milliseconds`, options: [], consent: 'never-asks' },
  import: {
    least: 1,
    most: 1,
    words: node,
    options: ['from', 'from-user', 'from-pass', 'from-askpass', 'copy', 'replace', 'timeout', 'pipeline'],
    consent: 'never-asks',
  },
  backup: { least: 2, most: 2, words: `${node} backup_directory`, options: [], consent: 'reads' },
  help: { least: 0, most: any, words: '', options: [], consent: 'reads' },
};
