/**
 * Owns the flags for TLS, named as redis-cli names them, and the reading of the files that they name.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boolean, string } from '@oclif/core/flags';
import type { TlsSettings } from '../client/tls.ts';
import { messageOf, TribError } from '../core/errors.ts';

/** What `tlsFlags` give. */
export interface TlsFlags {
  readonly tls: boolean;
  readonly cacert?: string | undefined;
  readonly cacertdir?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly sni?: string | undefined;
  readonly insecure: boolean;
  readonly 'tls-ciphers'?: string | undefined;
  readonly 'tls-ciphersuites'?: string | undefined;
}

const helpGroup = 'TLS';

export const tlsFlags = {
  tls: boolean({ summary: 'Speak TLS with the nodes; rediss:// does too.', helpGroup }),
  cacert: string({ summary: 'Certificate of the authority to trust.', helpGroup, helpValue: 'FILE' }),
  cacertdir: string({ summary: 'Folder with certificates of authorities.', helpGroup, helpValue: 'DIR' }),
  cert: string({ summary: 'Our own certificate.', helpGroup, helpValue: 'FILE' }),
  key: string({ summary: 'Its key.', helpGroup, helpValue: 'FILE' }),
  sni: string({ summary: 'Server name to ask for.', helpGroup, helpValue: 'NAME' }),
  insecure: boolean({ summary: 'Take any certificate.', helpGroup }),
  'tls-ciphers': string({ summary: 'Ciphers up to TLS 1.2.', helpGroup, helpValue: 'LIST' }),
  'tls-ciphersuites': string({ summary: 'Ciphers of TLS 1.3.', helpGroup, helpValue: 'LIST' }),
};

/** Those that take a value. */
const valued = ['cacert', 'cacertdir', 'cert', 'key', 'sni', 'tls-ciphers', 'tls-ciphersuites'] as const;

/**
 * Undefined: connections are plain ones. `byUrl`: an address asks for TLS. Throws a TribError ("usage") for what does
 * not go together, and for files that cannot be read or used.
 */
export async function tlsOf(flags: TlsFlags, byUrl: boolean): Promise<TlsSettings | undefined> {
  if (!flags.tls && !byUrl) {
    const name = [...valued, 'insecure' as const].find(
      (flag) => flags[flag] !== undefined && flags[flag] !== false,
    );
    if (name === undefined) return undefined;
    throw new TribError('usage', `--${name} is for TLS, and --tls is missing.`);
  }
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new TribError('usage', 'A certificate of ours takes --cert and --key, both.');
  }
  const { tlsSettings } = await import('../client/tls.ts');
  return tlsSettings({
    authorities: await authoritiesOf(flags),
    identity:
      flags.cert === undefined || flags.key === undefined
        ? undefined
        : { cert: await read(flags.cert, '--cert'), key: await read(flags.key, '--key') },
    serverName: flags.sni,
    verify: !flags.insecure,
    ciphers: flags['tls-ciphers'],
    cipherSuites: flags['tls-ciphersuites'],
  });
}

/** The flags again, for a command line that goes on with what this one began. */
export function tlsWords(flags: TlsFlags, byUrl: boolean): string[] {
  if (!flags.tls && !byUrl) return [];
  const values = valued.flatMap((name) => {
    const value = flags[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
  return ['--tls', ...(flags.insecure ? ['--insecure'] : []), ...values];
}

async function authoritiesOf({ cacert, cacertdir }: TlsFlags): Promise<Buffer[]> {
  const { holdsCertificate } = await import('../client/tls.ts');
  const authorities: Buffer[] = [];
  if (cacert !== undefined) {
    const text = await read(cacert, '--cacert');
    if (!holdsCertificate(text)) throw new TribError('usage', `${cacert} holds no certificate in PEM.`);
    authorities.push(text);
  }
  if (cacertdir !== undefined) {
    const names = await readdir(cacertdir).catch((error: unknown) => {
      throw new TribError('usage', `The folder of --cacertdir cannot be read: ${messageOf(error)}`);
    });
    const texts = await Promise.all(
      names.map((name) => readFile(join(cacertdir, name)).catch(() => undefined)),
    );
    const found = texts.filter((text) => text !== undefined && holdsCertificate(text));
    if (found.length === 0) throw new TribError('usage', `${cacertdir} holds no certificates in PEM.`);
    for (const text of found) if (text !== undefined) authorities.push(text);
  }
  return authorities;
}

async function read(file: string, flag: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new TribError('usage', `The file of ${flag} cannot be read: ${messageOf(error)}`);
  }
}
