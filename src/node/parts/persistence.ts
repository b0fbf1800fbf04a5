/** Owns the files of the data set, RDB and AOF, as the other parts see them. */

/** How a node ends, as SHUTDOWN and the signals say it. */
export interface SaveBeforeEnd {
  readonly save: boolean;
  readonly nosave: boolean;
  readonly force: boolean;
}

export interface Persistence {
  /** True while the data set is being read from disk: clients are served what the flag "loading" allows. */
  readonly loading: boolean;
  /** Why writes of clients are refused (an error text that begins with MISCONF), if they are. */
  readonly refusal: string | undefined;
  /** The lines of INFO persistence, "name:value" each. */
  infoLines(): string[];
  /**
   * What must be on disk before replies are sent is written, and with appendfsync always synced. Cheap when there is
   * nothing.
   */
  beforeReplies(): void;
  /** Reads what is on disk into the databases. Rejects with the sentence that Redis logs when it cannot be. */
  load(): Promise<void>;
  /** From now on: save points, the AOF's timer. */
  start(): void;
  /** What SHUTDOWN has to put on disk; false when it could not be, and the reason is logged. */
  saveBeforeEnd(options: SaveBeforeEnd): boolean;
  close(): Promise<void>;
}
