/** Owns the list of commands: what `trib` can be asked to do. */
import { AddNode } from './add-node.ts';
import { Apply } from './apply.ts';
import { Backup } from './backup.ts';
import { Call } from './call.ts';
import { Check } from './check.ts';
import { Completion } from './completion.ts';
import { Create } from './create.ts';
import { DelNode } from './del-node.ts';
import { Diff } from './diff.ts';
import { Down } from './down.ts';
import { Drain } from './drain.ts';
import { Failover } from './failover.ts';
import { Fix } from './fix.ts';
import { Import } from './import.ts';
import { Info } from './info.ts';
import { Node } from './node.ts';
import { Nodes } from './nodes.ts';
import { Rebalance } from './rebalance.ts';
import { ReplaceNode } from './replace-node.ts';
import { Reshard } from './reshard.ts';
import { Restore } from './restore.ts';
import { Resume } from './resume.ts';
import { SetTimeout } from './set-timeout.ts';
import { Slots } from './slots.ts';
import { Status } from './status.ts';
import { Up } from './up.ts';
import { Wait } from './wait.ts';

export const commands = {
  'add-node': AddNode,
  apply: Apply,
  backup: Backup,
  call: Call,
  check: Check,
  completion: Completion,
  create: Create,
  'del-node': DelNode,
  diff: Diff,
  down: Down,
  drain: Drain,
  failover: Failover,
  fix: Fix,
  import: Import,
  info: Info,
  node: Node,
  nodes: Nodes,
  rebalance: Rebalance,
  'replace-node': ReplaceNode,
  reshard: Reshard,
  restore: Restore,
  resume: Resume,
  'set-timeout': SetTimeout,
  slots: Slots,
  status: Status,
  up: Up,
  wait: Wait,
};
