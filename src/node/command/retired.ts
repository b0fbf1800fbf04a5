/**
 * Owns which commands are there for old clients only, since when and what took their place; and which are for servers and
 * those who debug them, not for applications.
 */

export interface Deprecation {
  readonly since: string;
  readonly insteadOf: string;
}

const deprecated = (since: string, insteadOf: string): Deprecation => ({ since, insteadOf });

/** By full name ("cluster|slots"); the text names what to use instead. */
export const deprecations: Readonly<Record<string, Deprecation>> = {
  brpoplpush: deprecated('6.2.0', '`BLMOVE` from `RIGHT` to `LEFT`'),
  'cluster|slaves': deprecated('5.0.0', '`CLUSTER REPLICAS`'),
  'cluster|slots': deprecated('7.0.0', '`CLUSTER SHARDS`'),
  georadius: deprecated('6.2.0', '`GEOSEARCH` or `GEOSEARCHSTORE` with `FROMLONLAT` and `BYRADIUS`'),
  georadius_ro: deprecated('6.2.0', '`GEOSEARCH` with `FROMLONLAT` and `BYRADIUS`'),
  georadiusbymember: deprecated('6.2.0', '`GEOSEARCH` or `GEOSEARCHSTORE` with `FROMMEMBER` and `BYRADIUS`'),
  georadiusbymember_ro: deprecated('6.2.0', '`GEOSEARCH` with `FROMMEMBER` and `BYRADIUS`'),
  getset: deprecated('6.2.0', '`SET` with `GET`'),
  hmset: deprecated('4.0.0', '`HSET` with several fields'),
  rpoplpush: deprecated('6.2.0', '`LMOVE` from `RIGHT` to `LEFT`'),
  slaveof: deprecated('5.0.0', '`REPLICAOF`'),
  substr: deprecated('2.0.0', '`GETRANGE`'),
  zrangebylex: deprecated('6.2.0', '`ZRANGE` with `BYLEX`'),
  zrangebyscore: deprecated('6.2.0', '`ZRANGE` with `BYSCORE`'),
  zrevrange: deprecated('6.2.0', '`ZRANGE` with `REV`'),
  zrevrangebylex: deprecated('6.2.0', '`ZRANGE` with `REV` and `BYLEX`'),
  zrevrangebyscore: deprecated('6.2.0', '`ZRANGE` with `REV` and `BYSCORE`'),
};

export const systemCommands: ReadonlySet<string> = new Set([
  'debug',
  'pfdebug',
  'pfselftest',
  'replconf',
  'restore-asking',
]);
