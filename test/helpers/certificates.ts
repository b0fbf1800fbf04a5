/** Owns certificates for tests: an authority, what it signed, and what it did not; made with the openssl program. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
export const skipWithoutOpenssl = !hasOpenssl;
/** For the title of a test that is skipped then. */
export const opensslNote = hasOpenssl ? '' : ' (skipped: openssl is not installed)';

/** A certificate with its key: names of files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  readonly dir = mkdtempSync(join(tmpdir(), 'trib-certificates-'));
  readonly #own: CertificateFiles;

  constructor(name = 'authority') {
    this.#own = this.selfSigned(name);
  }

  /** The certificate to trust. */
  get cert(): string {
    return this.#own.cert;
  }

  /** Valid for some days; `daysAgo`: it ended so long ago. */
  sign(name: string, endedDaysAgo?: number): CertificateFiles {
    const files = this.#files(name);
    const request = join(this.dir, `${name}.csr`);
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      files.key,
      '-out',
      request,
      '-subj',
      `/CN=${name}`,
    );
    const day = 24 * 3600 * 1000;
    // `openssl ca` is the one that takes dates of the past.
    const index = join(this.dir, `${name}.index`);
    const config = join(this.dir, `${name}.cnf`);
    writeFileSync(index, '');
    writeFileSync(
      config,
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${index}\nnew_certs_dir=${this.dir}\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n`,
    );
    const end = Date.now() + (endedDaysAgo === undefined ? 10 : -endedDaysAgo) * day;
    const dates = ['-startdate', asn1Time(Date.now() - 100 * day), '-enddate', asn1Time(end)];
    const signer = ['-cert', this.#own.cert, '-keyfile', this.#own.key, '-md', 'sha256'];
    openssl(
      'ca',
      '-batch',
      '-config',
      config,
      ...signer,
      ...dates,
      '-in',
      request,
      '-out',
      files.cert,
      '-notext',
    );
    return files;
  }

  selfSigned(name: string): CertificateFiles {
    const files = this.#files(name);
    const subject = ['-subj', `/CN=${name}`, '-days', '10'];
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      files.key,
      '-out',
      files.cert,
      ...subject,
    );
    return files;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #files(name: string): CertificateFiles {
    return { cert: join(this.dir, `${name}.crt`), key: join(this.dir, `${name}.key`) };
  }
}

/** "20260131120000Z" */
function asn1Time(ms: number): string {
  return `${new Date(ms).toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`;
}

function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
}
