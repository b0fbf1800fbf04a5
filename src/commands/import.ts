/** Owns `trib import`: the keys of a server outside the cluster into it. */
import { boolean, string } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { planFlags } from '../cli/flags.ts';
import { moveFlags } from '../cli/move-flags.ts';
import { sourceFlags } from '../cli/source-flags.ts';

const { engine: _, ...importMoveFlags } = moveFlags;

export class Import extends TribCommand {
  static override summary = 'Bring the keys of a server outside the cluster into it.';
  static override description =
    'Keys of all types go from the source straight to the masters of their slots, many at once, and are gone at the source then; --copy leaves them there. The source must reach the masters. A key that the cluster has already is left alone: the same counts as imported, another is told of, and the exit code is 5. Running it again finishes what was cut short. Only database 0 is imported.';
  static override usage = 'import HOST:PORT --from HOST:PORT';
  static override examples = [
    '<%= config.bin %> import 127.0.0.1:7000 --from 127.0.0.1:6379',
    '<%= config.bin %> import 127.0.0.1:7000 --from 127.0.0.1:6379 --copy --yes',
    'TRIB_FROM_AUTH=secret <%= config.bin %> import 127.0.0.1:7000 --from 10.0.0.9:6379 --replace',
  ];
  static override strict = false;
  static override flags = {
    from: string({ summary: 'The server that has the keys.', helpValue: 'HOST:PORT' }),
    copy: boolean({ summary: 'Leave the keys at the source too.' }),
    ...sourceFlags,
    ...importMoveFlags,
    ...planFlags,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Import);
    const { runImport } = await import('../cli/run-import.ts');
    await runImport(this.wordsOf(raw), flags, (endpoints, source) =>
      this.session(flags, endpoints, { flags, source }),
    );
  }
}
