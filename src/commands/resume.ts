/** Owns `trib resume`: what was cut short goes on. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { changeFlags } from '../cli/flags.ts';
import { sourceFlags } from '../cli/source-flags.ts';

export class Resume extends TribCommand {
  static override summary = 'Go on with what was interrupted.';
  static override description =
    'A plan is kept on this machine from before its first effect until it is done. After a crash, a lost connection or Ctrl-C, this finishes the rest: what is done already is left alone. With a node, the latest unfinished plan of its cluster; without, the only one there is. When the cluster has changed so that the plan does not fit any more, nothing is changed, and the exit code is 5.';
  static override usage = 'resume [HOST:PORT]';
  static override examples = [
    '<%= config.bin %> resume',
    '<%= config.bin %> resume 127.0.0.1:7000 --yes',
    '<%= config.bin %> resume 127.0.0.1:7000 --forget',
  ];
  static override strict = false;
  static override flags = {
    ...changeFlags,
    ...sourceFlags,
    forget: boolean({ summary: 'Forget the unfinished plans instead; the cluster is left as it is.' }),
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Resume);
    const { runResume } = await import('../cli/run-apply.ts');
    await runResume(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints, { flags }));
  }
}
