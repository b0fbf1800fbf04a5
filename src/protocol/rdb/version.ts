/** Owns the RDB versions: which is written, and up to which is read. Source: Redis rdb.h RDB_VERSION of each release. */

/** Redis 7.0's, so that it can read what is written here. */
export const RDB_VERSION_WRITTEN = 10;
/** Redis 7.4's; Redis 7.2 and Valkey 8 write 11. The types that each added are told apart by number. */
export const RDB_VERSION_READ = 12;
