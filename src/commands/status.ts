/** Owns `trib status`: how is the cluster that `trib up` started? */
import { string } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';

export class Status extends TribCommand {
  static override summary = 'Show a cluster of this machine: its processes, its nodes, what is wrong.';
  static override description =
    'Exits with 0 when every process runs and the cluster has no errors, with 1 otherwise.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --dir ./cluster --json',
  ];
  static override flags = {
    dir: string({ summary: 'The folder that trib up was given.', helpValue: 'DIR' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const { runStatus } = await import('../cli/local/run-status.ts');
    await runStatus(await this.session(flags, []), flags.dir);
  }
}
