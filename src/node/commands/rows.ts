/** Owns the list of all commands of the node. */
import type { CommandRow } from '../command/row.ts';
import { aclRow } from './acl/index.ts';
import { bitmapRows } from './bitmap/index.ts';
import { clusterRows } from './cluster/index.ts';
import { connectionRows } from './connection/index.ts';
import { genericRows } from './generic/index.ts';
import { geoRows } from './geo/index.ts';
import { hashRows } from './hash/index.ts';
import { hyperLogLogRows } from './hyperloglog/index.ts';
import { latencyRow } from './latency/index.ts';
import { listRows } from './list/index.ts';
import { migrateRows } from './migrate/index.ts';
import { pubsubRows } from './pubsub/index.ts';
import { replicationRows } from './replication/index.ts';
import { scriptRows } from './script/index.ts';
import { serverRows } from './server/index.ts';
import { setRows } from './set/index.ts';
import { sortRows } from './sort/index.ts';
import { streamRows } from './stream/index.ts';
import { stringRows } from './string/index.ts';
import { transactionRows } from './transaction/index.ts';
import { sortedSetRows } from './zset/index.ts';

export const allRows: readonly CommandRow[] = [
  ...clusterRows,
  ...connectionRows,
  ...transactionRows,
  ...genericRows,
  ...migrateRows,
  ...replicationRows,
  ...serverRows,
  latencyRow,
  aclRow,
  ...scriptRows,
  ...pubsubRows,
  ...stringRows,
  ...bitmapRows,
  ...hyperLogLogRows,
  ...hashRows,
  ...setRows,
  ...listRows,
  ...sortedSetRows,
  ...geoRows,
  ...streamRows,
  ...sortRows,
];
