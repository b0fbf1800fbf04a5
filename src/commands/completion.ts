/** Owns `trib completion`: a script with which a shell completes trib's command line. */
import { string } from '@oclif/core/args';
import { TribCommand } from '../cli/base-command.ts';
import type { CommandRow } from '../cli/completion/model.ts';

export class Completion extends TribCommand {
  static override summary = 'Print a completion script for a shell.';
  static override description =
    'bash: put `source <(trib completion bash)` into ~/.bashrc. zsh: write it to _trib in a folder of $fpath. fish: write it to ~/.config/fish/completions/trib.fish.';
  static override usage = 'completion bash|zsh|fish';
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/trib.fish',
  ];
  static override args = {
    shell: string({ summary: 'For which shell.', options: ['bash', 'zsh', 'fish'], required: true }),
  };

  override async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const { completionScript } = await import('../cli/completion/script.ts');
    // oclif's rows have more in them than is read here.
    const rows: readonly CommandRow[] = this.config.commands as readonly CommandRow[];
    process.stdout.write(completionScript(args.shell, rows));
  }
}
