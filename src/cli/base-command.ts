/**
 * Owns what all commands have in common: the flags for output and for authentication, and what becomes of errors.
 * A command is thin: flags in, an operation of src/execute, a view of its events. What is heavy is imported when it
 * is needed, since every command pays for what stands here.
 */
import { Command } from '@oclif/core/command';
import { boolean, string } from '@oclif/core/flags';
import type { Credentials, Endpoint } from '../protocol/text/addresses.ts';
import { passwordOf, secretsOf } from './environment.ts';
import type { OutputMode, Session } from './session.ts';
import { type SourceFlags, sourceCredentialsOf } from './source-flags.ts';
import { type TlsFlags, tlsFlags, tlsOf, tlsWords } from './tls-flags.ts';

/** What every command reads from its flags. */
export interface CommonFlags extends TlsFlags {
  readonly json: boolean;
  readonly events: boolean;
  readonly pass?: string | undefined;
  readonly user?: string | undefined;
  readonly askpass: boolean;
  readonly 'no-color': boolean;
}

export abstract class TribCommand extends Command {
  static override baseFlags = {
    json: boolean({ summary: 'Print one JSON document.', helpGroup: 'GLOBAL', exclusive: ['events'] }),
    events: boolean({ summary: 'Print what happens as NDJSON, one event a line.', helpGroup: 'GLOBAL' }),
    pass: string({
      char: 'a',
      summary: 'Password of the nodes; safer in the environment, as REDISCLI_AUTH or VALKEYCLI_AUTH.',
      helpGroup: 'GLOBAL',
      helpValue: 'PASSWORD',
    }),
    user: string({ summary: 'User of the nodes, for ACL.', helpGroup: 'GLOBAL', helpValue: 'NAME' }),
    askpass: boolean({
      summary: 'Ask for the password; from a pipe it is the first line.',
      helpGroup: 'GLOBAL',
    }),
    'no-color': boolean({ summary: 'No colour, as with NO_COLOR.', helpGroup: 'GLOBAL' }),
    ...tlsFlags,
  };

  #secrets: string[] = [];

  /** The session of this run. A password in an address serves where no flag gives one. */
  protected async session(
    flags: CommonFlags,
    endpoints: readonly Endpoint[],
    from?: { readonly flags: SourceFlags; readonly source?: Endpoint },
  ): Promise<Session> {
    const { processSession } = await import('./session.ts');
    const byUrl = endpoints.some(({ tls }) => tls);
    const tls = await tlsOf(flags, byUrl);
    const credentials = await credentialsOf(flags, endpoints);
    if (credentials !== undefined) this.#secrets.push(credentials.password);
    const sourceCredentials = from && (await sourceCredentialsOf(from.flags, from.source));
    if (sourceCredentials !== undefined) this.#secrets.push(sourceCredentials.password);
    const accessWords = [
      ...userWords('--user', credentials),
      ...userWords('--from-user', sourceCredentials),
      ...tlsWords(flags, byUrl),
    ];
    const mode: OutputMode = flags.json ? 'json' : flags.events ? 'events' : 'human';
    return processSession({
      mode,
      colour: !flags['no-color'],
      credentials,
      sourceCredentials,
      tls,
      accessWords,
    });
  }

  /** The words of the command line that are no flags, in their order. */
  protected wordsOf(raw: readonly { readonly type: 'arg' | 'flag'; readonly input: string }[]): string[] {
    return raw.filter(({ type }) => type === 'arg').map(({ input }) => input);
  }

  protected override async catch(error: unknown): Promise<void> {
    const { failureOf, reportFailure } = await import('./report-error.ts');
    const { translateUsageError } = await import('./usage-error.ts');
    const secrets = [...this.#secrets, ...secretsOf(process.env)];
    reportFailure(failureOf(translateUsageError(error, this.id ?? ''), secrets), this.#modeOfWords());
  }

  /** For errors in the flags themselves, before they are known. */
  #modeOfWords(): OutputMode {
    const end = this.argv.indexOf('--');
    const words = end < 0 ? this.argv : this.argv.slice(0, end);
    return words.includes('--json') ? 'json' : words.includes('--events') ? 'events' : 'human';
  }
}

function userWords(flag: string, credentials: Credentials | undefined): string[] {
  const user = credentials?.username;
  return user === undefined ? [] : [flag, user];
}

/** --askpass goes before --pass, that before an address, and that before the environment, as in redis-cli. */
async function credentialsOf(
  flags: CommonFlags,
  endpoints: readonly Endpoint[],
): Promise<Credentials | undefined> {
  if (flags.askpass) {
    const { askPassword } = await import('./ask-password.ts');
    return { username: flags.user, password: await askPassword('Please input password:', '--askpass') };
  }
  if (flags.pass !== undefined && flags.pass !== '') return { username: flags.user, password: flags.pass };
  const inAddress = endpoints.find(({ credentials }) => credentials !== undefined)?.credentials;
  if (inAddress !== undefined) return inAddress;
  const password = passwordOf(process.env);
  return password === undefined ? undefined : { username: flags.user, password };
}
