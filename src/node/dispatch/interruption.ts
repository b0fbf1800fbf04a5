/**
 * Owns what a script leaves open when it is interrupted, so that others are answered: its writes, which have not gone out yet, the
 * transaction around it, and the master's stream, which waits. Source: Redis script.c enterScriptTimedoutMode,
 * exitScriptTimedoutMode; blocked.c processEventsWhileBlocked; networking.c processInputBuffer (CLIENT_MASTER).
 */
import { isError } from '../../protocol/resp/encode.ts';
import { BLOCKED, type Reply } from '../command/row.ts';
import type { SuspendedCall } from '../parts/dispatch.ts';
import type { Caller } from './caller.ts';
import type { Session } from './session.ts';

export interface InterruptionDeps {
  readonly caller: Caller;
  /** Runs a request of the master's stream. */
  apply(argv: readonly string[]): void;
  /** Serves who waits for what the script wrote. */
  serveWaiting(): void;
}

/** What is left of a transaction: gets the reply of the script that was interrupted in it. */
type RestOfTransaction = (reply: string) => Reply;

export class Interruption {
  readonly #deps: InterruptionDeps;
  #rest: RestOfTransaction | undefined;
  readonly #fromMaster: (readonly string[])[] = [];
  /** A script is interrupted. */
  active = false;

  constructor(deps: InterruptionDeps) {
    this.#deps = deps;
  }

  /** The script that runs is interrupted. */
  suspend(client: Session): SuspendedCall {
    const { caller } = this.#deps;
    const { command, run, leave } = caller.suspend();
    this.active = true;
    return {
      run,
      end: (reply, counted) => {
        if (isError(reply)) {
          command.stats.failedCalls++;
          if (!counted) caller.countError(client, command, reply);
        }
        this.active = false;
        const answer = this.#finishTransaction(reply, run);
        leave();
        if (answer === BLOCKED) return;
        this.#deps.serveWaiting();
        if (typeof answer === 'string') client.resume(answer);
        this.#applyHeld();
      },
    };
  }

  /** The transaction goes on behind the script that is interrupted. */
  keepTransaction(rest: RestOfTransaction): void {
    this.#rest = rest;
  }

  #finishTransaction(reply: string, run: SuspendedCall['run']): Reply {
    const rest = this.#rest;
    this.#rest = undefined;
    let answer: Reply = reply;
    if (rest !== undefined)
      run(() => {
        answer = rest(reply);
      });
    return answer;
  }

  /** A request of the master's stream waits for the end of the script. */
  holdFromMaster(argv: readonly string[]): void {
    this.#fromMaster.push(argv);
  }

  #applyHeld(): void {
    while (!this.active) {
      const argv = this.#fromMaster.shift();
      if (argv === undefined) return;
      this.#deps.apply(argv);
    }
  }
}
