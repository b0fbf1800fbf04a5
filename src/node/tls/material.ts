/**
 * Owns what the directives say of TLS, read and tried as far as it can be tried without a connection. Keeps nothing, and
 * never shows a password. Source: Redis tls.c tlsConfigure, createSSLContext, parseProtocolsConfig.
 */
import { constants } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { cipherList, holdsCertificate, type TlsSettings, tlsErrorText } from '../../client/tls.ts';
import { systemErrorText, toPath } from '../config/special.ts';
import type { Config } from '../parts/basics.ts';

/** The directives do not make TLS possible; the message is a line for the log. */
export class TlsRefusal extends Error {
  override readonly name = 'TlsRefusal';
}

/** What a server is made of, whoever connects to it; and what connections to others are opened with. */
export interface TlsMaterial {
  readonly server: SecureContextOptions;
  readonly client: TlsSettings;
}

/** Throws a TlsRefusal. */
export function readMaterial(config: Config): TlsMaterial {
  for (const name of ['tls-cert-file', 'tls-key-file'])
    if (config.text(name) === '') throw new TlsRefusal(`No ${name} configured!`);
  const verifies =
    config.text('tls-auth-clients') !== 'no' || config.flag('tls-cluster') || config.flag('tls-replication');
  if (verifies && config.text('tls-ca-cert-file') === '' && config.text('tls-ca-cert-dir') === '')
    throw new TlsRefusal(
      'Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or tls-auth-clients are enabled!',
    );
  const common: SecureContextOptions = {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.3',
    secureOptions: refusedProtocols(config.text('tls-protocols')) | constants.SSL_OP_NO_RENEGOTIATION,
    ca: authoritiesOf(config),
    ...ciphersOf(config),
  };
  const identity = identityOf(config, 'tls-');
  const hasOther = config.text('tls-client-cert-file') !== '' && config.text('tls-client-key-file') !== '';
  const clientIdentity = hasOther ? identityOf(config, 'tls-client-') : identity;
  const server = serverOptions(config, { ...common, ...identity });
  contextOf(server, 'Failed to configure TLS');
  const context = contextOf(
    { ...common, ...clientIdentity },
    'Failed to configure TLS for connections to others',
  );
  return { server, client: { context, serverName: undefined, verify: true } };
}

function serverOptions(config: Config, options: SecureContextOptions): SecureContextOptions {
  // Sessions are kept by those who connect, in tickets; nothing of them stays here.
  const resumable = config.flag('tls-session-caching')
    ? { sessionTimeout: config.number('tls-session-cache-timeout') }
    : { secureOptions: (options.secureOptions ?? 0) | constants.SSL_OP_NO_TICKET };
  return {
    ...options,
    ...resumable,
    honorCipherOrder: config.flag('tls-prefer-server-ciphers'),
    dhparam: dhParametersOf(config),
  };
}

const protocolSwitches: ReadonlyMap<string, number> = new Map([
  ['tlsv1', constants.SSL_OP_NO_TLSv1],
  ['tlsv1.1', constants.SSL_OP_NO_TLSv1_1],
  ['tlsv1.2', constants.SSL_OP_NO_TLSv1_2],
  ['tlsv1.3', constants.SSL_OP_NO_TLSv1_3],
]);

/** OpenSSL's switches of all protocols that `names` leaves out; without any name 1.2 and 1.3 are spoken. */
function refusedProtocols(names: string): number {
  const wanted = names === '' ? ['tlsv1.2', 'tlsv1.3'] : names.toLowerCase().split(' ');
  if (wanted.some((name) => !protocolSwitches.has(name)))
    throw new TlsRefusal(
      "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.",
    );
  let switches = 0;
  for (const [name, off] of protocolSwitches) if (!wanted.includes(name)) switches |= off;
  return switches;
}

function ciphersOf(config: Config): SecureContextOptions {
  const ciphers = config.text('tls-ciphers') || undefined;
  const cipherSuites = config.text('tls-ciphersuites') || undefined;
  if (ciphers !== undefined)
    tried(
      { ciphers: cipherList({ ciphers, cipherSuites: undefined }) },
      `Failed to configure ciphers: ${ciphers}`,
    );
  const what = `Failed to configure ciphersuites: ${cipherSuites}`;
  // Any other name would be taken for one of the older ciphers, and passed over.
  if (cipherSuites?.split(':').some((name) => !name.startsWith('TLS_'))) throw new TlsRefusal(what);
  return tried({ ciphers: cipherList({ ciphers, cipherSuites }) }, what);
}

/** A certificate with its key; `prefix` tells which of the two pairs of directives. */
function identityOf(config: Config, prefix: 'tls-' | 'tls-client-'): SecureContextOptions {
  const certFile = config.text(`${prefix}cert-file`);
  const ofCert = `Failed to load certificate: ${certFile}`;
  const cert = tried({ cert: read(config, certFile, ofCert) }, ofCert);
  const keyFile = config.text(`${prefix}key-file`);
  const ofKey = `Failed to load private key: ${keyFile}`;
  const passphrase = toPath(config.text(`${prefix}key-file-pass`));
  return tried(
    { ...cert, key: read(config, keyFile, ofKey), ...(passphrase !== '' && { passphrase }) },
    ofKey,
  );
}

/** Of a folder all files with certificates, under whatever name. An empty list trusts nobody. */
function authoritiesOf(config: Config): Buffer[] {
  const what = 'Failed to configure CA certificate(s) file/directory';
  const authorities: Buffer[] = [];
  const file = config.text('tls-ca-cert-file');
  if (file !== '') {
    const text = read(config, file, what);
    if (!holdsCertificate(text)) throw new TlsRefusal(`${what}: ${file} holds no certificate`);
    authorities.push(text);
  }
  const folder = config.text('tls-ca-cert-dir');
  if (folder !== '') {
    const path = pathOf(config, folder);
    const entries = orRefuse(() => readdirSync(path, { withFileTypes: true }), what);
    for (const entry of entries.filter((found) => !found.isDirectory())) {
      const text = orRefuse(() => readFileSync(join(path, entry.name)), what);
      if (holdsCertificate(text)) authorities.push(text);
    }
  }
  tried({ ca: authorities }, what);
  return authorities;
}

function dhParametersOf(config: Config): Buffer | 'auto' {
  const file = config.text('tls-dh-params-file');
  if (file === '') return 'auto';
  const text = read(config, file, `Failed to load ${file}`);
  // Node.js passes over what holds none.
  if (!/-----BEGIN (?:X9\.42 )?DH PARAMETERS-----/.test(text.latin1Slice()))
    throw new TlsRefusal(`${file}: failed to read DH params.`);
  tried({ dhparam: text }, `Failed to load DH params file: ${file}`);
  return text;
}

/** The options, when OpenSSL takes them. */
function tried(options: SecureContextOptions, what: string): SecureContextOptions {
  contextOf(options, what);
  return options;
}

function contextOf(options: SecureContextOptions, what: string): SecureContext {
  try {
    return createSecureContext(options);
  } catch (error) {
    throw new TlsRefusal(`${what}: ${tlsErrorText(error)}`);
  }
}

const pathOf = (config: Config, file: string): string => resolve(toPath(config.text('dir')), toPath(file));

function read(config: Config, file: string, what: string): Buffer {
  return orRefuse(() => readFileSync(pathOf(config, file)), what);
}

function orRefuse<T>(readIt: () => T, what: string): T {
  try {
    return readIt();
  } catch (error) {
    throw new TlsRefusal(`${what}: ${systemErrorText(error)}`);
  }
}
