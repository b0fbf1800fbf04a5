/**
 * Owns a command as it is sent and a reply as it comes back. Arguments are bytes: a string stands for its UTF-8
 * bytes, a Buffer for itself. Source: the RESP specification.
 */
import { TribError } from '../core/errors.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';

export type Arg = string | Buffer | number;
export type Command = readonly Arg[];

/** Bulk and simple strings are Buffers. In a pipeline an error is a value, never thrown. */
export type Reply = Buffer | number | null | ReplyError | Reply[];

/** An error that a node replied. The message is the node's own text: "ERR unknown subcommand ...". */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';

  /** The first word: ERR, MOVED, NOAUTH. */
  get code(): string {
    return this.message.split(' ', 1)[0] ?? '';
  }
}

/** The connection broke, or could not be made, before the reply came: the command may have been carried out. */
export class ConnectionLost extends TribError {
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super('connect', message, options);
  }
}

/** All commands as one piece of bytes, for one write. */
export function encodeCommands(commands: readonly Command[]): Buffer {
  let length = 0;
  for (const command of commands) {
    length += 3 + digits(command.length);
    for (const arg of command) {
      const size = sizeOf(arg);
      length += 5 + digits(size) + size;
    }
  }
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const command of commands) {
    at += bytes.latin1Write(`*${command.length}\r\n`, at);
    for (const arg of command) at = writeArg(bytes, at, arg);
  }
  return bytes;
}

function writeArg(bytes: Buffer, start: number, arg: Arg): number {
  let at = start + bytes.latin1Write(`$${sizeOf(arg)}\r\n`, start);
  if (Buffer.isBuffer(arg)) at += arg.copy(bytes, at);
  else at += bytes.write(String(arg), at);
  bytes[at] = 13;
  bytes[at + 1] = 10;
  return at + 2;
}

function sizeOf(arg: Arg): number {
  if (Buffer.isBuffer(arg)) return arg.length;
  return typeof arg === 'number' ? String(arg).length : Buffer.byteLength(arg);
}

function digits(size: number): number {
  return size < 10 ? 1 : size < 100 ? 2 : String(size).length;
}

/** What a node is asked, for a sentence: "CLUSTER NODES". Never its further arguments, which may be secrets. */
export function nameOf(command: Command): string {
  const [name = '', sub = ''] = command;
  const word = String(name).toUpperCase();
  return /^(CLUSTER|CONFIG|CLIENT|ACL|SCRIPT)$/.test(word) ? `${word} ${String(sub).toUpperCase()}` : word;
}

/** The error for an operator when a node refuses a command. */
export function refusal(address: Address, command: Command, error: ReplyError): TribError {
  const message = `${formatAddress(address)} refused ${nameOf(command)}: ${error.message}`;
  switch (error.code) {
    case 'NOAUTH':
      return new TribError('auth', message, { hint: 'Give the password with REDISCLI_AUTH or --pass.' });
    case 'WRONGPASS':
    case 'NOPERM':
      return new TribError('auth', message, {
        hint: 'Check the password, the user and what the user may do (ACL).',
      });
    default:
      return new TribError('failed', message);
  }
}
