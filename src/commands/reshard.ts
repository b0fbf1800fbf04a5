/** Owns `trib reshard`: some slots of some masters go to another. */
import { string } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { planFlags, wholeNumber } from '../cli/flags.ts';
import { moveFlags } from '../cli/move-flags.ts';

export class Reshard extends TribCommand {
  static override summary = 'Move slots to a master, with their keys, while clients go on.';
  static override description =
    'Each source gives in proportion to what it has, lowest slots first. A node is named by its id, the beginning of one, or host:port. What is not given is asked for on a terminal, or read line by line from a pipe. Ctrl-C finishes the slots in hand and tells how to go on; a slot left open by a crash goes first when the same is run again.';
  static override usage = 'reshard HOST:PORT --from NODE[,NODE]|all --to NODE --slots N';
  static override examples = [
    '<%= config.bin %> reshard 127.0.0.1:7000 --from all --to 127.0.0.1:7003 --slots 4096',
    '<%= config.bin %> reshard 127.0.0.1:7000 --from 5b2c,10a4 --to 8f30 --slots 100 --yes',
  ];
  static override strict = false;
  static override flags = {
    from: string({
      summary: 'Masters that give slots, or "all".',
      helpValue: 'NODE[,NODE]',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    to: string({ summary: 'The master that takes them.', helpValue: 'NODE' }),
    slots: wholeNumber({ summary: 'How many slots.', helpValue: 'N', min: 1, max: 16384 }),
    ...moveFlags,
    ...planFlags,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Reshard);
    const { runReshard } = await import('../cli/run-reshard.ts');
    await runReshard(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
