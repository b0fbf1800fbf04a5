/** Owns `trib info`. */
import { TribCommand } from '../cli/base-command.ts';

export class Info extends TribCommand {
  static override summary = 'How many keys, slots and replicas each master has.';
  static override usage = 'info HOST:PORT';
  static override examples = ['<%= config.bin %> info 127.0.0.1:7000'];
  static override strict = false;

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Info);
    const { runLook } = await import('../cli/run-look.ts');
    await runLook('info', this.wordsOf(raw), (endpoints) => this.session(flags, endpoints));
  }
}
