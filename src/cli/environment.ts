/** Owns the environment variables of redis-cli and valkey-cli that mean the same to trib; flags come before them. */

const passwords = ['VALKEYCLI_AUTH', 'REDISCLI_AUTH'] as const;
/** trib's own: of the server outside the cluster from which keys are imported. */
export const SOURCE_PASSWORD = 'TRIB_FROM_AUTH';
const approvals = ['VALKEYCLI_CLUSTER_YES', 'REDISCLI_CLUSTER_YES'] as const;

/** The password for nodes; undefined: there is none. */
export function passwordOf(env: NodeJS.ProcessEnv): string | undefined {
  return passwords.map((name) => env[name]).find((value) => value !== undefined && value !== '');
}

/** The password for the source of an import; undefined: there is none. */
export function sourcePasswordOf(env: NodeJS.ProcessEnv): string | undefined {
  const password = env[SOURCE_PASSWORD];
  return password === '' ? undefined : password;
}

/** What must not appear in a message. */
export function secretsOf(env: NodeJS.ProcessEnv): string[] {
  return [...passwords, SOURCE_PASSWORD].flatMap((name) => env[name] ?? []);
}

/** Every question is answered with yes. */
export function approvesAll(env: NodeJS.ProcessEnv): boolean {
  return approvals.some((name) => env[name] === '1');
}
