/** Owns `trib del-node`: a node leaves a cluster. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { planFlags } from '../cli/flags.ts';
import { moveFlags } from '../cli/move-flags.ts';

export class DelNode extends TribCommand {
  static override summary = 'Remove a node from a cluster.';
  static override description =
    'Its replicas are given to other masters, those with the fewest first; all other nodes forget it, and it forgets them. A master with slots is refused, unless --drain moves them to the other masters first. A node that is not there any more can be removed too, if it has no slots. Returns when nobody knows it.';
  static override usage = 'del-node HOST:PORT NODE [--drain]';
  static override examples = [
    '<%= config.bin %> del-node 127.0.0.1:7000 8f30',
    '<%= config.bin %> del-node 127.0.0.1:7000 127.0.0.1:7006 --drain --yes',
  ];
  static override strict = false;
  static override flags = {
    drain: boolean({ summary: 'Move its slots to the other masters first, with their keys.' }),
    ...moveFlags,
    ...planFlags,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(DelNode);
    const { runDelNode } = await import('../cli/run-del-node.ts');
    await runDelNode(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
