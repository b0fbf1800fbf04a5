/**
 * Owns when a node speaks TLS, and with what: the files are read at the start and again when a directive changes, all of them
 * or none. Connections that are open stay as they are. Source: Redis tls.c tlsConfigure; config.c applyTlsCfg, applyTLSPort.
 */
import { connect, isIP } from 'node:net';
import { openTlsSocket } from '../../client/tls.ts';
import type { ConfigStore } from '../config/store.ts';
import type { Log } from '../parts/basics.ts';
import type { Dialled, DialPurpose, DialTarget, Door, DoorOptions, Tls } from '../parts/tls.ts';
import { TlsDoor } from './door.ts';
import { readMaterial, type TlsMaterial, TlsRefusal } from './material.ts';

/** What the material is made of. tls-auth-clients is asked for at each connection. */
const directives = [
  'tls-cluster',
  'tls-replication',
  'tls-session-caching',
  'tls-session-cache-timeout',
  'tls-prefer-server-ciphers',
  'tls-cert-file',
  'tls-key-file',
  'tls-key-file-pass',
  'tls-client-cert-file',
  'tls-client-key-file',
  'tls-client-key-file-pass',
  'tls-dh-params-file',
  'tls-ca-cert-file',
  'tls-ca-cert-dir',
  'tls-protocols',
  'tls-ciphers',
  'tls-ciphersuites',
];

const REFUSAL = 'Unable to update TLS configuration. Check server logs.';

export class NodeTls implements Tls {
  readonly #config: ConfigStore;
  readonly #log: Log;
  #material: TlsMaterial | undefined;

  constructor(config: ConfigStore, log: Log) {
    this.#config = config;
    this.#log = log;
    const apply = (): string | undefined => (this.configure() ? undefined : REFUSAL);
    for (const name of directives) config.onApply(name, apply);
    // A port alone needs no other files than those that are there.
    config.onApply('tls-port', () => (this.#material === undefined ? apply() : undefined));
  }

  configure(): boolean {
    const config = this.#config;
    if (config.number('tls-port') === 0 && !config.flag('tls-cluster') && !config.flag('tls-replication'))
      return true;
    try {
      this.#material = readMaterial(config);
      return true;
    } catch (error) {
      if (!(error instanceof TlsRefusal)) throw error;
      this.#log('warning', error.message);
      return false;
    }
  }

  dial(purpose: DialPurpose, { host, port, from = '' }: DialTarget): Dialled {
    const target = { host, port, noDelay: true, ...(isIP(from) !== 0 && { localAddress: from }) };
    if (!this.#config.flag(`tls-${purpose}`))
      return { socket: connect(target), isTls: false, readyEvent: 'connect' };
    const material = this.#material;
    // The directive was refused then.
    if (material === undefined) throw new Error(`tls-${purpose} is on, and TLS is not configured`);
    return { socket: openTlsSocket(target, material.client), isTls: true, readyEvent: 'secureConnect' };
  }

  door(options: DoorOptions): Door {
    return new TlsDoor(options, () => this.#material);
  }
}
