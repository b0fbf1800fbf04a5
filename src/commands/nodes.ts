/** Owns `trib nodes`. */
import { TribCommand } from '../cli/base-command.ts';

export class Nodes extends TribCommand {
  static override summary = 'A table of all nodes.';
  static override usage = 'nodes HOST:PORT';
  static override examples = ['<%= config.bin %> nodes 127.0.0.1:7000'];
  static override strict = false;

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Nodes);
    const { runLook } = await import('../cli/run-look.ts');
    await runLook('nodes', this.wordsOf(raw), (endpoints) => this.session(flags, endpoints));
  }
}
