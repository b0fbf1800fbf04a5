/** Owns `trib diff`: what differs between a topology file and the live cluster. */
import { TribCommand } from '../cli/base-command.ts';

export class Diff extends TribCommand {
  static override summary = 'Show what differs between a topology file and the cluster.';
  static override description =
    'Asks the nodes of the file, and all that they know. Exits 1 when something differs, 0 when nothing does. "trib apply FILE" brings the cluster there.';
  static override usage = 'diff FILE';
  static override examples = [
    '<%= config.bin %> diff cluster.yaml',
    '<%= config.bin %> diff cluster.yaml --json',
  ];
  static override strict = false;

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Diff);
    const { runDiff } = await import('../cli/run-topology.ts');
    await runDiff(this.wordsOf(raw), (endpoints) => this.session(flags, endpoints));
  }
}
