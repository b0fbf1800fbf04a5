/** Owns the list of commands: what `trib` can be asked to do. */
import { Apply } from './apply.ts';
import { Backup } from './backup.ts';
import { Call } from './call.ts';
import { Check } from './check.ts';
import { Create } from './create.ts';
import { Down } from './down.ts';
import { Info } from './info.ts';
import { Node } from './node.ts';
import { Nodes } from './nodes.ts';
import { Rebalance } from './rebalance.ts';
import { Reshard } from './reshard.ts';
import { Resume } from './resume.ts';
import { Slots } from './slots.ts';
import { Status } from './status.ts';
import { Up } from './up.ts';

export const commands = {
  apply: Apply,
  backup: Backup,
  call: Call,
  check: Check,
  create: Create,
  down: Down,
  info: Info,
  node: Node,
  nodes: Nodes,
  rebalance: Rebalance,
  reshard: Reshard,
  resume: Resume,
  slots: Slots,
  status: Status,
  up: Up,
};
