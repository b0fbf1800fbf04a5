/** Owns `trib replace-node`: a new node takes the place of another. */
import { TribCommand } from '../cli/base-command.ts';
import { consentGiven, planFlags } from '../cli/flags.ts';

export class ReplaceNode extends TribCommand {
  static override summary = 'Put a new, empty node in the place of another, which leaves.';
  static override description =
    'For a replica, the new node becomes a replica of the same master, and has all data before the old one goes. For a master, the new node becomes its replica, has all data, and takes over; the replicas follow it. The old node is forgotten by all, and reset.';
  static override usage = 'replace-node HOST:PORT OLD_NODE NEW_HOST:PORT';
  static override examples = [
    '<%= config.bin %> replace-node 127.0.0.1:7000 8f30 127.0.0.1:7010',
    '<%= config.bin %> replace-node 127.0.0.1:7000 127.0.0.1:7002 127.0.0.1:7010 --yes',
  ];
  static override strict = false;
  static override flags = { ...planFlags, yes: consentGiven };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(ReplaceNode);
    const { runReplaceNode } = await import('../cli/run-replace-node.ts');
    await runReplaceNode(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
