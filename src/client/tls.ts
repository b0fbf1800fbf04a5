/**
 * Owns TLS as who connects speaks it: what a connection needs for it, and what its failures mean to an operator.
 * As redis-cli and redis-server do, it verifies who signed a certificate and that it is valid, not the name in it: nodes are reached
 * by addresses that their certificates rarely name. Reads no files.
 */
import { constants } from 'node:crypto';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { messageOf, TribError } from '../core/errors.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';

/** What TLS is made of: PEM texts as they were read. */
export interface TlsMaterial {
  /** Authorities to trust; none: those that Node.js brings. */
  readonly authorities: readonly Buffer[];
  /** Our own certificate, for nodes that ask for one, with its key. */
  readonly identity: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** The name to ask for (SNI). */
  readonly serverName: string | undefined;
  /** False: any certificate is taken. */
  readonly verify: boolean;
  /** OpenSSL's names with colons between: up to TLS 1.2, and of TLS 1.3. Undefined: the usual ones. */
  readonly ciphers: string | undefined;
  readonly cipherSuites: string | undefined;
}

/** The same, ready for any number of connections. */
export interface TlsSettings {
  readonly context: SecureContext;
  readonly serverName: string | undefined;
  readonly verify: boolean;
}

/** Throws a TribError ("usage") when the material is no good. */
export function tlsSettings(material: TlsMaterial): TlsSettings {
  const { authorities, identity, serverName, verify } = material;
  try {
    const context = createSecureContext({
      ...(authorities.length === 0 ? {} : { ca: [...authorities] }),
      ...identity,
      ciphers: cipherList(material),
    });
    return { context, serverName, verify };
  } catch (error) {
    throw new TribError('usage', whyUnusable(codeOf(error), error));
  }
}

/** Node.js has one list for both; naming one half only must not drop the other. */
export function cipherList({ ciphers, cipherSuites }: Pick<TlsMaterial, 'ciphers' | 'cipherSuites'>): string {
  const usual = constants.defaultCipherList.split(':');
  const isSuite = (name: string): boolean => name.startsWith('TLS_');
  const suites = cipherSuites ?? usual.filter(isSuite).join(':');
  return `${suites}:${ciphers ?? usual.filter((name) => !isSuite(name)).join(':')}`;
}

function whyUnusable(code: string, error: unknown): string {
  switch (code) {
    case 'ERR_OSSL_X509_KEY_VALUES_MISMATCH':
      return 'The key of --key does not belong to the certificate of --cert.';
    case 'ERR_SSL_NO_CIPHER_MATCH':
      return '--tls-ciphers or --tls-ciphersuites names no cipher that is known here.';
    case 'ERR_OSSL_BAD_DECRYPT':
    case 'ERR_MISSING_PASSPHRASE':
    case 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED':
      return 'The key of --key has a passphrase: give one without.';
    default:
      return `The certificate of --cert or the key of --key cannot be used (${reasonOf(error)}).`;
  }
}

/** Node.js would take anything for the certificate of an authority, and then trust nobody. */
export function holdsCertificate(pem: Buffer): boolean {
  return pem.includes('-----BEGIN CERTIFICATE-----') || pem.includes('-----BEGIN TRUSTED CERTIFICATE-----');
}

/** A socket that is about to be connected; it emits "secureConnect" when it can be used. */
export function openTlsSocket(
  { host, port, localAddress }: Address & { readonly localAddress?: string },
  { context, serverName, verify }: TlsSettings,
): TLSSocket {
  const socket = connect({
    host,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
    secureContext: context,
    rejectUnauthorized: verify,
    checkServerIdentity: () => undefined,
    ...(serverName === undefined ? {} : { servername: serverName }),
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

/** What went wrong with TLS, for the operator; undefined for what has nothing to do with it. */
export function tlsFailure(address: Address, error: Error): TribError | undefined {
  const code = codeOf(error);
  const name = formatAddress(address);
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return refused(
        `The certificate of ${name} has expired.`,
        'Renew it; --insecure takes any certificate.',
      );
    case 'CERT_NOT_YET_VALID':
      return refused(
        `The certificate of ${name} is not valid yet.`,
        'Compare the clocks of the two machines.',
      );
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return refused(
        `The certificate of ${name} is self-signed, and not trusted here.`,
        'Give it with --cacert if it is the right one; --insecure takes any certificate.',
      );
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return refused(
        `The certificate of ${name} is not signed by an authority that is trusted here.`,
        'Give the certificate of the authority with --cacert or --cacertdir.',
      );
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return new TribError('connect', `${name} does not speak TLS.`, { hint: plainPortHint });
  }
  if (/CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE/.test(code)) {
    return refused(
      `${name} refused TLS with us: it asks for a certificate, or for another cipher.`,
      'Give a certificate and its key with --cert and --key.',
    );
  }
  if (
    /ALERT_(UNKNOWN_CA|DECRYPT_ERROR|BAD_CERTIFICATE|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERT)/.test(
      code,
    )
  ) {
    return refused(
      `${name} does not accept our certificate.`,
      'Check --cert: who signed it, and until when it is valid.',
    );
  }
  if (/^ERR_SSL_|^(CERT|UNABLE|INVALID|HOSTNAME)_/.test(code)) {
    return refused(`TLS with ${name} failed: ${reasonOf(error)}.`);
  }
  return undefined;
}

export const plainPortHint = 'Is the port one for TLS? Without --tls it is spoken to in plain.';

function refused(message: string, hint?: string): TribError {
  return new TribError('auth', message, hint === undefined ? {} : { hint });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** OpenSSL's messages have the place in its source in them; the reason alone is for people. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'reason' in error) return String(error.reason);
  return messageOf(error).split('\n', 1)[0] ?? '';
}

/** An error of a socket for a log: what OpenSSL says as Redis shows it, without the thread and the place in its source. */
export function tlsErrorText(error: unknown): string {
  const message = messageOf(error);
  const [, code, library, reason] = /error:([0-9A-F]{8}):([^:\n]*):[^:\n]*:([^:\n]*)/.exec(message) ?? [];
  return code === undefined ? message : `error:${code}:${library}::${reason}`;
}
