/** Owns `trib slots`. */
import { TribCommand } from '../cli/base-command.ts';

export class Slots extends TribCommand {
  static override summary = 'A map of the slots: who has which, what is missing or open.';
  static override usage = 'slots HOST:PORT';
  static override examples = ['<%= config.bin %> slots 127.0.0.1:7000'];
  static override strict = false;

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Slots);
    const { runLook } = await import('../cli/run-look.ts');
    await runLook('slots', this.wordsOf(raw), (endpoints) => this.session(flags, endpoints));
  }
}
