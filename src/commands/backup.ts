/** Owns `trib backup`: the data of a cluster as files. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';

export class Backup extends TribCommand {
  static override summary = 'Save the data of a cluster: an RDB file a shard.';
  static override description =
    'Saves all shards at once, each from a replica that is in sync, or else from its master. The folder is new or empty. Every file is verified by its checksum as it comes; it is a backup when backup.json is there, and otherwise nothing is left of it. A cluster whose slots are not covered, or are on their way, is refused. "trib restore" puts it into a cluster of any number of shards.';
  static override usage = 'backup HOST:PORT DIR';
  static override examples = [
    '<%= config.bin %> backup 127.0.0.1:7000 backups/today',
    '<%= config.bin %> backup 127.0.0.1:7000 /mnt/backup --json',
  ];
  static override strict = false;
  static override flags = {
    partial: boolean({ summary: 'Save what there is, although slots are not covered or on their way.' }),
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Backup);
    const { runBackup } = await import('../cli/run-backup.ts');
    await runBackup(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
