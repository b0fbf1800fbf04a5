/** Owns `trib check`: is all well with a cluster? */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';

export class Check extends TribCommand {
  static override summary = 'Look for problems of a cluster.';
  static override description =
    'Asks every node, and tells where they disagree, which slots are open or not covered, which nodes are away, and more. Exits 1 when there is an error.';
  static override usage = 'check HOST:PORT';
  static override examples = [
    '<%= config.bin %> check 127.0.0.1:7000',
    '<%= config.bin %> check 127.0.0.1:7000 --search-multiple-owners',
    '<%= config.bin %> check 127.0.0.1:7000 --json',
  ];
  static override strict = false;
  static override flags = {
    'search-multiple-owners': boolean({
      summary: 'Also look for slots that several masters claim or hold keys of.',
    }),
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Check);
    const { seedsOf } = await import('../cli/seeds.ts');
    const seeds = seedsOf(this.wordsOf(raw));
    const session = await this.session(flags, seeds);
    const [{ play }, { check }] = await Promise.all([
      import('../cli/play.ts'),
      import('../execute/operations/check.ts'),
    ]);
    await play(session, { operation: 'check' }, (options) =>
      check({ ...options, seeds, searchOwners: flags['search-multiple-owners'] }),
    );
  }
}
