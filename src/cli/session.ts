/**
 * Owns what a command line run has to do with: the streams, what is known of the terminal, and how output is wanted.
 * All knowledge of the terminal is here; what else needs it is given this.
 */
import type { TlsSettings } from '../client/tls.ts';
import type { Credentials, Endpoint } from '../protocol/text/addresses.ts';
import { type Paint, paintFor } from './style.ts';

export type OutputMode = 'human' | 'json' | 'events';

export interface Session {
  readonly mode: OutputMode;
  /** A person looks at the output. */
  readonly isTerminal: boolean;
  /** A person can be asked. */
  readonly canAsk: boolean;
  readonly paint: Paint;
  readonly width: number;
  readonly credentials: Credentials | undefined;
  /** Of the server outside the cluster from which keys are imported. */
  readonly sourceCredentials: Credentials | undefined;
  /** Undefined: connections are plain ones. */
  readonly tls: TlsSettings | undefined;
  /** The flags with which the nodes are reached, for a command line that goes on; never a password. */
  readonly accessWords: readonly string[];
  write(text: string): void;
  writeError(text: string): void;
}

/** The session with the nodes that a command line names: it opens no connection. */
export type OpenSession = (endpoints: readonly Endpoint[]) => Promise<Session>;

export interface SessionOptions {
  readonly mode: OutputMode;
  readonly colour: boolean;
  readonly credentials: Credentials | undefined;
  readonly sourceCredentials: Credentials | undefined;
  readonly tls: TlsSettings | undefined;
  readonly accessWords: readonly string[];
}

const narrowestTable = 80;

export function processSession({ mode, colour, ...access }: SessionOptions): Session {
  const { stdin, stdout, stderr, env } = process;
  const isTerminal = mode === 'human' && stdout.isTTY === true;
  return {
    mode,
    isTerminal,
    canAsk: isTerminal && stdin.isTTY === true,
    paint: paintFor(isTerminal, colour, env),
    width: Math.max(narrowestTable, stdout.columns ?? narrowestTable),
    ...access,
    write: (text) => {
      stdout.write(text);
    },
    writeError: (text) => {
      stderr.write(text);
    },
  };
}
