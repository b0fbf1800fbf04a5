/**
 * Owns MIGRATE as a command: how it is put together, how long its reply may take, and what a reply means.
 * Source: https://redis.io/commands/migrate, Redis cluster.c migrateCommand.
 */
import { type Command, type Reply, ReplyError, refusal } from '../../client/command.ts';
import { TribError } from '../../core/errors.ts';
import { type Address, type Credentials, formatAddress } from '../../protocol/text/addresses.ts';

/** Where keys go, and how. */
export interface MigrateWay {
  /** Where the source reaches the target. */
  readonly target: Address;
  /** Those that the target asks for. */
  readonly credentials: Credentials | undefined;
  /** For each read and write between source and target. */
  readonly timeoutMs: number;
  /** The source keeps the keys. */
  readonly copy?: boolean;
  /** Keys that the target holds already are overwritten. */
  readonly replace: boolean;
}

export function migrateCommand(way: MigrateWay, keys: readonly Buffer[]): Command {
  const { target, credentials, timeoutMs, copy, replace } = way;
  return [
    ...['MIGRATE', target.host, target.port, '', 0, timeoutMs],
    ...(copy === true ? ['COPY'] : []),
    ...(replace ? ['REPLACE'] : []),
    ...authWords(credentials),
    'KEYS',
    ...keys,
  ];
}

function authWords(credentials: Credentials | undefined): string[] {
  if (credentials === undefined) return [];
  const { username, password } = credentials;
  return username === undefined ? ['AUTH', password] : ['AUTH2', username, password];
}

/** MIGRATE connects and may try once more, each within its timeout; and other commands may stand before it. */
const replyPatienceFactor = 4;
const replyPatienceMs = 15_000;

/** How long the reply to a MIGRATE with this timeout may take. */
export function replyTimeoutMs(timeoutMs: number): number {
  return timeoutMs * replyPatienceFactor + replyPatienceMs;
}

/** "gone": the source did not hold any of the keys any more. "busy": the target holds some of them. */
export type Verdict = 'moved' | 'gone' | 'busy';

/** An error reply that is expected to go away. */
export class Passing extends Error {
  override readonly name: string = 'Passing';
}

/** Throws Passing for what trying again cures, a TribError for the rest. */
export function judgeMigrate(reply: Reply, source: Address, target: Address): Verdict {
  if (!(reply instanceof ReplyError)) return String(reply) === 'NOKEY' ? 'gone' : 'moved';
  const text = reply.message;
  if (/\bBUSYKEY\b/.test(text)) return 'busy';
  if (isPassing(text)) throw new Passing(text);
  if (/\b(NOAUTH|WRONGPASS|NOPERM)\b|called without any password/.test(text)) {
    throw new TribError('auth', `${formatAddress(target)} refused the keys that MIGRATE brought: ${text}`, {
      hint: 'Source and target must accept the same user and password, and the user must have the right to RESTORE.',
    });
  }
  if (/\bOOM\b/.test(text)) throw outOfMemory(target, text);
  throw refusal(source, ['MIGRATE'], reply);
}

/** When what should have passed has lasted. `target`: as the source reaches it. */
export function cannotSend(
  source: Address,
  target: Address,
  { waitedMs }: { readonly waitedMs: number },
  reason: string,
  hint: string,
): TribError {
  const [from, to] = [source, target].map(formatAddress);
  const waited = Math.round(waitedMs / 1000);
  return new TribError('timeout', `${from} could not send keys to ${to} for ${waited} s: ${reason}`, {
    hint,
  });
}

/** For a master that keys are written to; `where`: its own words, or the key. */
export function outOfMemory(target: Address, where: string): TribError {
  return new TribError('failed', `${formatAddress(target)} is out of memory (maxmemory): ${where}`, {
    hint: 'Give it more, or the cluster more masters; then go on.',
  });
}

/** Whether an error of the way between two nodes, or of their state, goes away by itself. */
export function isPassing(text: string): boolean {
  return /\b(IOERR|LOADING|CLUSTERDOWN|TRYAGAIN|BUSY|MASTERDOWN)\b|timeout connecting/i.test(text);
}
