/** Owns `trib apply`: a plan from a file is carried out, or finished. */
import { TribCommand } from '../cli/base-command.ts';
import { changeFlags } from '../cli/flags.ts';
import { sourceFlags } from '../cli/source-flags.ts';

export class Apply extends TribCommand {
  static override summary = 'Carry out a plan that was kept with --plan, or finish it.';
  static override description =
    'What is done already is left alone, so applying a plan again finishes it. When the cluster has changed so that the plan does not fit any more, nothing is changed, and the exit code is 5.';
  static override usage = 'apply FILE';
  static override examples = [
    '<%= config.bin %> reshard 127.0.0.1:7000 --from all --to 8f30 --slots 100 --plan move.json --yes',
    '<%= config.bin %> apply move.json',
  ];
  static override strict = false;
  static override flags = { ...changeFlags, ...sourceFlags };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Apply);
    const { runApply } = await import('../cli/run-apply.ts');
    await runApply(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints, { flags }));
  }
}
