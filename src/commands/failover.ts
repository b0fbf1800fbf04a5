/** Owns `trib failover`: a replica takes over from its master. */
import { boolean } from '@oclif/core/flags';
import { TribCommand } from '../cli/base-command.ts';
import { consentGiven, planFlags } from '../cli/flags.ts';

export class Failover extends TribCommand {
  static override summary = 'Let a replica take over from its master, and wait until it has.';
  static override description =
    'The master hands over, so nothing is lost. Returns when the replica has the slots in the eyes of every node, and the former master follows it. Exits 6 with the likeliest reason when that does not come to pass.';
  static override usage = 'failover HOST:PORT REPLICA [--force|--takeover]';
  static override examples = [
    '<%= config.bin %> failover 127.0.0.1:7000 8f30',
    '<%= config.bin %> failover 127.0.0.1:7000 127.0.0.1:7004 --force',
  ];
  static override strict = false;
  static override flags = {
    force: boolean({
      summary: 'Without the master, which may be away; writes that the replica has not got are lost.',
      exclusive: ['takeover'],
    }),
    takeover: boolean({
      summary: 'Without the votes of the other masters too, where there is no majority any more.',
    }),
    ...planFlags,
    yes: consentGiven,
  };

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Failover);
    const { runFailover } = await import('../cli/run-failover.ts');
    await runFailover(this.wordsOf(raw), flags, (endpoints) => this.session(flags, endpoints));
  }
}
