/** Owns what every operation takes besides its request, and the making and closing of connections around it. */
import { type ClientOptions, defaultClientOptions } from '../../client/node-client.ts';
import { ClientPool } from '../../client/pool.ts';
import type { TlsSettings } from '../../client/tls.ts';
import type { Topology } from '../../cluster/topology.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { type Random, systemRandom } from '../../core/random.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Credentials } from '../../protocol/text/addresses.ts';
import { defaultJoinTimeoutMs, type StepContext } from '../context.ts';
import type { TribEvent } from '../events.ts';
import { Pace } from '../migrate/pace.ts';

export interface OperationOptions {
  readonly credentials?: Credentials | undefined;
  /** Of the server outside the cluster from which keys are imported. */
  readonly sourceCredentials?: Credentials | undefined;
  /** Undefined: connections are plain ones. */
  readonly tls?: TlsSettings | undefined;
  readonly client?: Partial<ClientOptions>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Aborted: what is in hand is finished, and the rest is left. */
  readonly signal?: AbortSignal;
  /** Ends after the plan. */
  readonly dryRun?: boolean;
  /** Asked once the plan is known, before anything is changed; without it the answer is yes. */
  readonly approve?: (plan: Plan, topology: Topology) => Promise<boolean>;
  /** Keeps the plan before its first effect, or that of a dry run where it is wanted; returns where, if that is to be told. */
  readonly savePlan?: (plan: Plan) => Promise<string | undefined>;
  readonly joinTimeoutMs?: number;
}

export interface Tools {
  readonly pool: ClientPool;
  readonly clock: Clock;
  readonly random: Random;
}

/** Runs an operation with connections of its own, which are closed when it ends in whatever way. */
export async function* withTools(
  options: OperationOptions,
  operation: (tools: Tools) => AsyncGenerator<TribEvent, void>,
): AsyncGenerator<TribEvent, void> {
  const clock = options.clock ?? systemClock;
  const pool = new ClientPool(
    { ...defaultClientOptions, ...options.client, credentials: options.credentials, tls: options.tls },
    clock,
  );
  try {
    yield* operation({ pool, clock, random: options.random ?? systemRandom });
  } finally {
    pool.close();
  }
}

export function stepContext(
  { pool, clock }: Tools,
  options: OperationOptions,
  plan: Plan,
): Omit<StepContext, 'emit'> {
  const { keysPerSecond } = plan.options;
  return {
    pool,
    clock,
    signal: options.signal,
    moveOptions: plan.options,
    sourceCredentials: options.sourceCredentials,
    pace: keysPerSecond === undefined ? undefined : new Pace(keysPerSecond, clock),
    joinTimeoutMs: options.joinTimeoutMs ?? defaultJoinTimeoutMs,
  };
}
