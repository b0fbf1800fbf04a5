/** Owns `trib set-timeout`: the node timeout of a whole cluster. */
import { TribCommand } from '../cli/base-command.ts';
import { changeFlags, consentGiven } from '../cli/flags.ts';

export class SetTimeout extends TribCommand {
  static override summary = 'Set the node timeout of every node.';
  static override description =
    'Sets cluster-node-timeout, and keeps it in the configuration file of each node that has one; which nodes have none is told. At least 100 ms. Exits 1 when a node could not be set.';
  static override usage = 'set-timeout HOST:PORT MS';
  static override examples = [
    '<%= config.bin %> set-timeout 127.0.0.1:7000 15000',
    '<%= config.bin %> set-timeout 127.0.0.1:7000 5000 --dry-run',
  ];
  static override strict = false;
  static override flags = { 'dry-run': changeFlags['dry-run'], yes: consentGiven };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(SetTimeout);
    const { runSetTimeout } = await import('../cli/run-set-timeout.ts');
    await runSetTimeout(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
