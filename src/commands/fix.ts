/** Owns `trib fix`: slots that are open, not covered or claimed by several are brought into order. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { planFlags } from '../cli/flags.ts';
import { moveFlags } from '../cli/move-flags.ts';

export class Fix extends TribCommand {
  static override summary = 'Repair slots: open ones, those that nobody has, those that several claim.';
  static override description =
    'Looks at every slot in doubt and at the keys that masters hold of it, shows what it would do, and does it. A slot that was half moved goes on to where it was going, open at both ends, so that clients find every key meanwhile. Nothing is deleted that is not known to be elsewhere, and nothing is overwritten: where two nodes hold different values for a key, the key is listed, its slot stays as it is, and the exit code is 1; with --replace the value of the node that serves the slot counts. Refuses (exit code 5) while masters with slots cannot be reached.';
  static override usage = 'fix HOST:PORT';
  static override examples = [
    '<%= config.bin %> fix 127.0.0.1:7000',
    '<%= config.bin %> fix 127.0.0.1:7000 --dry-run',
    '<%= config.bin %> fix 127.0.0.1:7000 --search-multiple-owners --yes',
  ];
  static override strict = false;
  static override flags = {
    'search-multiple-owners': boolean({
      summary: 'Also gather keys that lie on masters which do not own their slots.',
    }),
    'fix-with-unreachable-masters': boolean({
      summary:
        'Let replicas of masters that cannot be reached take over; where there are none, others get the slots, without the keys.',
    }),
    ...moveFlags,
    replace: boolean({
      summary: 'Where nodes hold different values for a key, keep the one of the node that serves it.',
      helpGroup: 'MOVING',
    }),
    ...planFlags,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Fix);
    const { runFix } = await import('../cli/run-fix.ts');
    await runFix(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
