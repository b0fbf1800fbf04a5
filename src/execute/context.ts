/** Owns what every step needs while it is carried out, and the way in which steps wait. */
import type { ClientPool } from '../client/pool.ts';
import { type Clock, delay } from '../core/clock.ts';
import type { MoveOptions } from '../plan/plan.ts';
import type { Credentials } from '../protocol/text/addresses.ts';
import type { TribEvent } from './events.ts';
import type { Pace } from './migrate/pace.ts';

export interface StepContext {
  readonly pool: ClientPool;
  readonly clock: Clock;
  readonly emit: (event: TribEvent) => void;
  /** Aborted when the operator wants to end: what is in hand is finished, nothing new is begun. */
  readonly signal: AbortSignal | undefined;
  readonly moveOptions: MoveOptions;
  /** The throttle of all moves together, if there is one. */
  readonly pace?: Pace | undefined;
  /** For the server outside the cluster from which keys are imported. */
  readonly sourceCredentials?: Credentials | undefined;
  /** How long nodes may take to know each other, to agree and to serve. */
  readonly joinTimeoutMs: number;
}

export const defaultJoinTimeoutMs = 60_000;

const firstPauseMs = 10;
const longestPauseMs = 100;

/** A wait was given up because the operator ended the operation. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Asks again and again until `ask` returns undefined. Otherwise it returns why not, and `giveUp` is thrown with the
 * last such answer when the time is over. Throws Interrupted when the operator ends it.
 */
export async function poll<Reason>(
  context: StepContext,
  ask: (elapsedMs: number) => Promise<Reason | undefined>,
  giveUp: (reason: Reason) => Error,
): Promise<void> {
  const startMs = context.clock.monotonicMs();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    const elapsedMs = context.clock.monotonicMs() - startMs;
    const reason = await ask(elapsedMs);
    if (reason === undefined) return;
    if (context.signal?.aborted === true) throw new Interrupted();
    if (elapsedMs > context.joinTimeoutMs) throw giveUp(reason);
    await delay(context.clock, pauseMs);
  }
}
