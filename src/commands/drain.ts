/** Owns `trib drain`: a master gives all its slots away. */
import { TribCommand } from '../cli/base-command.ts';
import { planFlags } from '../cli/flags.ts';
import { moveFlags } from '../cli/move-flags.ts';

export class Drain extends TribCommand {
  static override summary = 'Move all slots of a master to the others, with their keys.';
  static override description =
    'Masters with the fewest slots are filled up first, until all are level. The node stays in the cluster as a master without slots: where cluster-allow-replica-migration would make it a replica of who takes its last slot, that is set to no for this time. Its own replicas may follow the last taker by themselves, which is told. Ctrl-C finishes the slots in hand and tells how to go on.';
  static override usage = 'drain HOST:PORT NODE';
  static override examples = [
    '<%= config.bin %> drain 127.0.0.1:7000 8f30',
    '<%= config.bin %> drain 127.0.0.1:7000 127.0.0.1:7003 --yes',
  ];
  static override strict = false;
  static override flags = { ...moveFlags, ...planFlags };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Drain);
    const { runDrain } = await import('../cli/run-drain.ts');
    await runDrain(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
