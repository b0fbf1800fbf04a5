/** Owns client-side caching as the other parts see it: clients that keep what they read, and hear when it is out of date. */
import type { CommandRow } from '../command/row.ts';
import type { Session } from '../dispatch/session.ts';

/**
 * Of which keys a client hears: of all that it has read; with optin only behind CLIENT CACHING YES, with optout all but those
 * behind CLIENT CACHING NO; with bcast of all that begin with its prefixes, read or not.
 */
export type TrackingMode = 'default' | 'optin' | 'optout' | 'bcast';

/** What CLIENT TRACKING ON asks for. */
export interface TrackingRequest {
  readonly mode: TrackingMode;
  /** Does not hear of what it changes itself. */
  readonly noLoop: boolean;
  /** Id of the client that hears in its place; 0: itself. */
  readonly redirect: number;
  /** With bcast only; none means all keys. */
  readonly prefixes: readonly string[];
}

/** How one client tracks keys. Present from the first CLIENT TRACKING ON on; only Tracking changes it, but for `caching`. */
export interface ClientTracking extends Omit<TrackingRequest, 'prefixes'> {
  readonly on: boolean;
  readonly prefixes: ReadonlySet<string>;
  /** The client that should hear is gone. */
  readonly redirectBroken: boolean;
  /** CLIENT CACHING was sent; holds for the next command or transaction only. */
  caching: boolean;
}

export interface Tracking {
  /** Clients that track. */
  readonly clientCount: number;
  /** Keys that somebody has read, and by how many clients all together. */
  readonly keyCount: number;
  readonly itemCount: number;
  readonly prefixCount: number;
  enable(client: Session, request: TrackingRequest): void;
  disable(client: Session): void;
  /** The client has read the keys that these words name. */
  remember(client: Session, row: CommandRow, argv: readonly string[]): void;
  /** A key has changed. `author`: who changed it; undefined where no client did (it expired). */
  touched(key: string, author: Session | undefined): void;
  /** All keys are gone, or may be others. */
  flushed(): void;
  /** What the client's own command made out of date: to be called behind its reply. */
  sendPending(client: Session): void;
  /** Forgets keys beyond tracking-table-max-keys: to be called often. Who has read them is told that they are out of date. */
  keepToLimit(): void;
}
