/**
 * Owns the running of commands that a file holds: they are queued behind MULTI and run as a client's, but nobody gets their
 * replies, no gate is asked, and nobody may be kept waiting. Source: Redis aof.c createAOFClient, loadSingleAppendOnlyFile.
 */
import { error, isError } from '../../protocol/resp/encode.ts';
import { BLOCKED, type Reply } from '../command/row.ts';
import type { Command, CommandTable } from '../command/table.ts';
import type { Replay } from '../parts/dispatch.ts';
import type { Caller } from './caller.ts';
import { wrongArity } from './gates.ts';
import type { MasterSession } from './session.ts';

export class FileReplay implements Replay {
  readonly #commands: CommandTable;
  readonly #caller: Caller;
  readonly #session: MasterSession;
  waiting: Promise<void> | undefined;

  /** The session begins anew; there may be one replay on it at a time. */
  constructor(commands: CommandTable, caller: Caller, session: MasterSession) {
    this.#commands = commands;
    this.#caller = caller;
    this.#session = session;
    session.reset();
  }

  get inTransaction(): boolean {
    return this.#session.queue !== undefined;
  }

  run(argv: readonly string[]): boolean {
    const command = this.#commands.lookup(argv);
    if (command === undefined) return false;
    const { queue } = this.#session;
    if (queue !== undefined && command.name !== 'exec') {
      queue.push({ row: command, argv });
      return true;
    }
    const reply = this.#replyTo(command, argv);
    if (reply === BLOCKED) this.#wait();
    else if (typeof reply === 'string' && isError(reply))
      this.#caller.tellOfError('server', 'AOF-loading-client', command, reply);
    return true;
  }

  #wait(): void {
    this.waiting = new Promise((resolve) => {
      this.#session.onResume = () => {
        this.waiting = undefined;
        resolve();
      };
    });
  }

  #replyTo(command: Command, argv: readonly string[]): Reply {
    if (wrongArity(command, argv.length))
      return error(`ERR wrong number of arguments for '${command.fullName}' command`);
    return this.#caller.replay(this.#session, command, argv);
  }
}
