/** Owns `trib add-node`: a new node joins a cluster. */
import { boolean, string } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { consentGiven, planFlags } from '../cli/flags.ts';

export class AddNode extends TribCommand {
  static override summary = 'Take a new, empty node into a cluster.';
  static override description =
    'The node becomes a master without slots, with the functions of the others, or with --replica the replica of a master. It must be empty and alone. Returns when every node knows it, and knows what it is: a rebalance can follow at once. A node that was just forgotten can be taken back without waiting.';
  static override usage = 'add-node NEW_HOST:PORT EXISTING_HOST:PORT [--replica] [--master-id NODE]';
  static override examples = [
    '<%= config.bin %> add-node 127.0.0.1:7006 127.0.0.1:7000',
    '<%= config.bin %> add-node 127.0.0.1:7007 127.0.0.1:7000 --replica',
    '<%= config.bin %> add-node 127.0.0.1:7007 127.0.0.1:7000 --replica --master-id 8f30',
  ];
  static override strict = false;
  static override flags = {
    replica: boolean({
      summary: 'As a replica: of the master with the fewest, where none is named.',
      aliases: ['slave'],
    }),
    'master-id': string({
      summary: 'Whose replica it becomes.',
      helpValue: 'NODE',
      aliases: ['primary-id'],
      dependsOn: ['replica'],
    }),
    ...planFlags,
    yes: consentGiven,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(AddNode);
    const { runAddNode } = await import('../cli/run-add-node.ts');
    await runAddNode(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
