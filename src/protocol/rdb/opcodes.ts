/**
 * Owns the bytes of an RDB file that stand where a type number could, and are none. Source: Redis rdb.h; Valkey
 * and Redis 8 for SLOT_INFO.
 */
export const opcodes = {
  /** Three lengths: slot, its keys, its keys with a time to live. A hint. */
  slotInfo: 244,
  /** A library of functions: its code. */
  function2: 245,
  /** The same as the release candidates of 7.0 wrote it: name, engine, whether a description follows, code. */
  functionPreRelease: 246,
  moduleAux: 247,
  /** Seconds without use of the next key. */
  idle: 248,
  /** One byte: how often the next key is used, logarithmic. */
  frequency: 249,
  /** Two strings: an auxiliary field. */
  aux: 250,
  /** Two lengths: keys, keys with a time to live. A hint. */
  resizeDb: 251,
  expireMs: 252,
  expireSeconds: 253,
  selectDb: 254,
  eof: 255,
} as const;

/** What a module's data is made of, each part behind its own number. */
export const moduleParts = { eof: 0, signed: 1, unsigned: 2, float: 3, double: 4, string: 5 } as const;
