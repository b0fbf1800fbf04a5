/** Owns `trib restore`: the data of a backup into a cluster. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { planFlags } from '../cli/flags.ts';

export class Restore extends TribCommand {
  static override summary = 'Restore a backup, or any RDB files, into a cluster of any number of shards.';
  static override description =
    'Every file is verified to its end before the first key is written. Each key goes to the master of its slot, with its time to live; clients go on meanwhile. A key that is there already is left alone: the same is skipped, another is told of, and the exit code is 5. So running it again finishes what was cut short. A folder without backup.json is read for its files *.rdb.';
  static override usage = 'restore DIR HOST:PORT';
  static override examples = [
    '<%= config.bin %> restore backups/today 127.0.0.1:7000',
    '<%= config.bin %> restore backups/today 127.0.0.1:7000 --dry-run',
    '<%= config.bin %> restore /var/lib/redis 127.0.0.1:7000 --only-db0 --yes',
  ];
  static override strict = false;
  static override flags = {
    replace: boolean({ summary: 'Overwrite keys and functions that the cluster has with another value.' }),
    'only-db0': boolean({ summary: 'Leave out keys of other databases, which a cluster does not have.' }),
    functions: boolean({
      summary: 'Load the function libraries of the backup into every master.',
      default: true,
      allowNo: true,
    }),
    ...planFlags,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Restore);
    const { runRestore } = await import('../cli/run-restore.ts');
    await runRestore(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
