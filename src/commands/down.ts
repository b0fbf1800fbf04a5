/** Owns `trib down`: the end of a cluster that `trib up` started. */
import { boolean, string } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';

export class Down extends TribCommand {
  static override summary =
    'Take a cluster of this machine down, with all its files, except for data that trib up --keep keeps.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --dir ./cluster',
  ];
  static override flags = {
    dir: string({ summary: 'The folder that trib up was given.', helpValue: 'DIR' }),
    purge: boolean({ summary: 'Remove data that trib up --keep keeps, too.' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Down);
    const { runDown } = await import('../cli/local/run-down.ts');
    await runDown(await this.session(flags, []), flags.dir, flags.purge);
  }
}
