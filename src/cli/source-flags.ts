/** Owns the flags for the password of the server outside the cluster from which keys are imported: no plan holds it. */
import { boolean, string } from '@oclif/core/flags';
import type { Credentials, Endpoint } from '../protocol/text/addresses.ts';
import { SOURCE_PASSWORD, sourcePasswordOf } from './environment.ts';

export interface SourceFlags {
  readonly 'from-user'?: string | undefined;
  readonly 'from-pass'?: string | undefined;
  readonly 'from-askpass': boolean;
}

export const sourceFlags = {
  'from-user': string({
    summary: 'User at the source of an import.',
    helpGroup: 'SOURCE',
    helpValue: 'NAME',
  }),
  'from-pass': string({
    summary: `Password at the source of an import; safer in the environment, as ${SOURCE_PASSWORD}.`,
    helpGroup: 'SOURCE',
    helpValue: 'PASSWORD',
  }),
  'from-askpass': boolean({ summary: 'Ask for the password at the source.', helpGroup: 'SOURCE' }),
};

/** Asked for before given, that before one in an address, and that before the environment. Throws a TribError ("usage"). */
export async function sourceCredentialsOf(
  flags: SourceFlags,
  source?: Endpoint,
): Promise<Credentials | undefined> {
  const username = flags['from-user'];
  if (flags['from-askpass']) {
    const { askPassword } = await import('./ask-password.ts');
    return {
      username,
      password: await askPassword('Please input import source node password:', '--from-askpass'),
    };
  }
  const given = flags['from-pass'];
  if (given !== undefined && given !== '') return { username, password: given };
  if (source?.credentials !== undefined) return source.credentials;
  const password = sourcePasswordOf(process.env);
  return password === undefined ? undefined : { username, password };
}
