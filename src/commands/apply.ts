/** Owns `trib apply`: a plan from a file is carried out, or finished; or a cluster is brought to a topology file. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { planFlags } from '../cli/flags.ts';
import { moveFlags } from '../cli/move-flags.ts';
import { sourceFlags } from '../cli/source-flags.ts';

export class Apply extends TribCommand {
  static override summary = 'Carry out a plan from a file, or bring a cluster to a topology file.';
  static override description =
    'FILE is a plan that was kept with --plan, or a topology file (docs/topology-file.md); its content tells. Of a plan, what is done already is left alone, so applying it again finishes it; when the cluster has changed so that it does not fit any more, nothing is changed, and the exit code is 5. For a topology file, what differs is planned and carried out: new nodes join, replicas take over, slots move, replicas get their masters. Nodes that the file does not have are told of, and leave with --prune only.';
  static override usage = 'apply FILE';
  static override examples = [
    '<%= config.bin %> reshard 127.0.0.1:7000 --from all --to 8f30 --slots 100 --plan move.json --yes',
    '<%= config.bin %> apply move.json',
    '<%= config.bin %> apply cluster.yaml',
    '<%= config.bin %> apply cluster.yaml --prune --dry-run',
  ];
  static override strict = false;
  static override flags = {
    prune: boolean({ summary: 'Nodes that the topology file does not have leave the cluster.' }),
    'allow-few-masters': boolean({ summary: 'A new cluster may have one or two masters only.' }),
    ...moveFlags,
    ...planFlags,
    ...sourceFlags,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Apply);
    const { runApply } = await import('../cli/run-apply.ts');
    await runApply(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints, { flags }));
  }
}
